#include "service/agent/psk_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/monotonic_time.h"

namespace service {

void PskSource::AddPeer(const skex::KeystorePolicy& policy) {
  MutexLock lock(&mutex_);
  keystore_.AddPeer(policy);
}

void PskSource::UpdatePeer(const skex::KeystorePolicy& policy) {
  {
    MutexLock lock(&mutex_);
    keystore_.UpdatePeer(policy);
  }
  on_demand_();
}

void PskSource::RemovePeer(const skex::AgentId& peer) {
  MutexLock lock(&mutex_);
  keystore_.RemovePeer(peer);
  arrived_.SignalAll();
}

absl::Status PskSource::Put(std::vector<skex::Key> keys, bool dial) {
  absl::Status first;
  MutexLock lock(&mutex_);
  const absl::Duration now = MonotonicNow();
  for (skex::Key& key : keys) {
    first.Update(keystore_.Put(std::move(key), dial, now));
  }
  if (dial) arrived_.SignalAll();
  return first;
}

absl::StatusOr<skex::KeyId> PskSource::Rotate(const skex::AgentId& peer) {
  absl::StatusOr<skex::KeyId> id;
  {
    MutexLock lock(&mutex_);
    id = keystore_.Rotate(peer, MonotonicNow());
  }
  on_demand_();
  return id;
}

size_t PskSource::Deficit(const skex::AgentId& peer) {
  MutexLock lock(&mutex_);
  return keystore_.Deficit(peer, MonotonicNow());
}

size_t PskSource::DialKeys(const skex::AgentId& peer) const {
  MutexLock lock(&mutex_);
  return keystore_.DialKeys(peer);
}

void PskSource::Lapse(const skex::KeyId& key) {
  MutexLock lock(&mutex_);
  keystore_.Lapse(key);
}

void PskSource::ReplaceUnmediated(const skex::AgentId& peer) {
  {
    MutexLock lock(&mutex_);
    keystore_.ReplaceUnmediated(peer, MonotonicNow());
  }
  on_demand_();
}

void PskSource::Expire() {
  MutexLock lock(&mutex_);
  keystore_.Expire(MonotonicNow());
}

std::vector<skex::KeyListing> PskSource::List() const {
  MutexLock lock(&mutex_);
  return keystore_.List(MonotonicNow());
}

absl::StatusOr<skex::Psk> PskSource::Take(const skex::AgentId& peer) {
  absl::StatusOr<skex::Psk> psk;
  bool demand = false;
  {
    MutexLock lock(&mutex_);
    const absl::Duration now = MonotonicNow();
    psk = keystore_.Take(peer, now);
    demand = keystore_.Deficit(peer, now) > 0;
  }
  if (demand) on_demand_();
  return psk;
}

void PskSource::ReportRefused(const skex::AgentId& peer,
                              absl::string_view identity) {
  {
    MutexLock lock(&mutex_);
    keystore_.ReportRefused(peer, identity, MonotonicNow());
  }
  on_demand_();
}

absl::StatusOr<FoundPsk> PskSource::Find(absl::string_view identity) {
  MutexLock lock(&mutex_);
  absl::StatusOr<skex::Keystore::Found> found =
      keystore_.Find(identity, MonotonicNow());
  if (!found.ok()) return found.status();
  return FoundPsk{std::move(found->psk), std::move(found->peer)};
}

absl::Status PskSource::Accept(absl::string_view identity) {
  MutexLock lock(&mutex_);
  return keystore_.Accept(identity, MonotonicNow());
}

absl::StatusOr<std::vector<skex::Key>> PskSource::TakeKeys(
    const skex::AgentId& peer, size_t most, absl::Time deadline) {
  bool asked = false;
  while (true) {
    absl::StatusOr<std::vector<skex::Key>> keys;
    {
      MutexLock lock(&mutex_);
      keys = keystore_.Deliver(peer, most, MonotonicNow());
      if (keys.ok() && keys->empty() && asked) {
        if (stopped_) return absl::UnavailableError("the agent is stopping");
        if (arrived_.WaitWithDeadline(&mutex_, deadline)) {
          return absl::DeadlineExceededError(
              absl::StrCat("no key with ", peer.text(),
                           " came in time; `skexctl peers` says why"));
        }
        continue;
      }
    }
    // What was taken is made up for; what is missing is hurried up.
    on_demand_();
    asked = true;
    if (!keys.ok() || !keys->empty()) return keys;
  }
}

absl::StatusOr<skex::Key> PskSource::TakeKeyById(const skex::AgentId& peer,
                                                 const skex::KeyId& id) {
  MutexLock lock(&mutex_);
  return keystore_.DeliverById(peer, id, MonotonicNow());
}

void PskSource::Stop() {
  MutexLock lock(&mutex_);
  stopped_ = true;
  arrived_.SignalAll();
}

}  // namespace service
