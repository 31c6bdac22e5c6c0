#ifndef SERVICE_SIDECAR_FAKE_PSK_PROVIDER_H_
#define SERVICE_SIDECAR_FAKE_PSK_PROVIDER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/base/mutex.h"
#include "service/sidecar/psk_provider.h"
#include "skex/base/ids.h"
#include "skex/psk/psk.h"

namespace service {

// A key id made of one byte, for tests.
skex::KeyId TestKeyId(uint8_t tag);

// The PSK that every FakePskProvider derives for an index of a key.
skex::Psk TestPsk(uint8_t key, uint32_t index);

// FakePskProvider is one agent's keys in a test: it dials with the newest key
// that it was given to dial with and accepts those that it was given to accept.
// Thread-safe.
class FakePskProvider : public PskProvider {
 public:
  // Take() gives PSKs of `key` from now on.
  void DialWith(uint8_t key);
  // Find() knows the PSKs of `key`, as those of `peer`.
  void AcceptFrom(const skex::AgentId& peer, uint8_t key);
  // Called by Take(), with the number of the call, before it answers; and by
  // ReportRefused(). Set them before the provider is in use.
  void OnTake(std::function<void(int)> hook) { on_take_ = std::move(hook); }
  void OnRefused(std::function<void()> hook) { on_refused_ = std::move(hook); }
  // Accept() fails with this from now on.
  void FailAccept(absl::Status status);

  int takes() const;
  std::vector<std::string> refused() const;
  std::set<std::string> accepted() const;

  absl::StatusOr<skex::Psk> Take(const skex::AgentId& peer) override;
  void ReportRefused(const skex::AgentId& peer,
                     absl::string_view identity) override;
  absl::StatusOr<FoundPsk> Find(absl::string_view identity) override;
  absl::Status Accept(absl::string_view identity) override;

 private:
  struct AcceptKey {
    skex::AgentId peer;
    uint8_t key;
  };

  std::function<void(int)> on_take_;
  std::function<void()> on_refused_;

  mutable Mutex mutex_;
  int dial_key_ ABSL_GUARDED_BY(mutex_) = -1;
  uint32_t next_index_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<AcceptKey> accept_keys_ ABSL_GUARDED_BY(mutex_);
  absl::Status accept_status_ ABSL_GUARDED_BY(mutex_);
  int takes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> refused_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> accepted_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_SIDECAR_FAKE_PSK_PROVIDER_H_
