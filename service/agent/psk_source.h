#ifndef SERVICE_AGENT_PSK_SOURCE_H_
#define SERVICE_AGENT_PSK_SOURCE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/base/mutex.h"
#include "service/delivery/key_delivery.h"
#include "service/sidecar/psk_provider.h"
#include "skex/base/entropy.h"
#include "skex/keystore/keystore.h"

namespace service {

// PskSource is the keystore as the threads of an agent share it: the event
// loop puts keys in, the sidecar's workers take PSKs out, and applications
// keys.
//
// Thread-safe.
class PskSource : public PskProvider, public KeyDelivery {
 public:
  // Called, on any thread and without a lock, when a peer's pool may have to be
  // filled.
  using OnDemand = absl::AnyInvocable<void() const>;

  // `entropy` must outlive the source.
  PskSource(skex::Entropy* entropy, OnDemand on_demand)
      : on_demand_(std::move(on_demand)), keystore_(entropy) {}

  void AddPeer(const skex::KeystorePolicy& policy);
  void UpdatePeer(const skex::KeystorePolicy& policy);
  // Who waits for keys of the peer waits no more.
  void RemovePeer(const skex::AgentId& peer);
  // Puts the keys of an exchange in, as Keystore::Put(); returns the first
  // error, and puts the others in all the same.
  absl::Status Put(std::vector<skex::Key> keys, bool dial);
  absl::StatusOr<skex::KeyId> Rotate(const skex::AgentId& peer);
  size_t Deficit(const skex::AgentId& peer);
  size_t DialKeys(const skex::AgentId& peer) const;
  void Lapse(const skex::KeyId& key);
  void ReplaceUnmediated(const skex::AgentId& peer);
  void Expire();
  std::vector<skex::KeyListing> List() const;

  absl::StatusOr<skex::Psk> Take(const skex::AgentId& peer) override;
  void ReportRefused(const skex::AgentId& peer,
                     absl::string_view identity) override;
  absl::StatusOr<FoundPsk> Find(absl::string_view identity) override;
  absl::Status Accept(absl::string_view identity) override;

  absl::StatusOr<std::vector<skex::Key>> TakeKeys(const skex::AgentId& peer,
                                                  size_t most,
                                                  absl::Time deadline) override;
  absl::StatusOr<skex::Key> TakeKeyById(const skex::AgentId& peer,
                                        const skex::KeyId& id) override;
  // Lets TakeKeys() wait no more, now and later.
  void Stop();

 private:
  const OnDemand on_demand_;
  mutable Mutex mutex_;
  CondVar arrived_;  // a key to dial with was put in, or it is all over
  skex::Keystore keystore_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace service

#endif  // SERVICE_AGENT_PSK_SOURCE_H_
