#ifndef SKEX_KEYSTORE_DIAL_KEY_POOL_H_
#define SKEX_KEYSTORE_DIAL_KEY_POOL_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"

namespace skex {

// A key that this agent was the initiator of.
struct DialKey {
  Key key;
  absl::Duration put;
  absl::Duration expires;
  absl::Duration rekey;  // once active
  uint32_t next_index = 0;
};

// DialKeyPool has the keys to dial one peer with: those that are ready, in
// their order, and the one that is active, if any. A dropped key is wiped.
//
// Thread-compatible.
class DialKeyPool {
 public:
  // Whether a key of this id is here.
  bool contains(const KeyId& id) const { return ids_.contains(id); }
  const std::deque<DialKey>& ready() const { return ready_; }
  const std::optional<DialKey>& active() const { return active_; }

  void PushBack(DialKey key) {
    ids_.insert(key.key.id);
    ready_.push_back(std::move(key));
  }
  void PushFront(DialKey key) {
    ids_.insert(key.key.id);
    ready_.push_front(std::move(key));
  }

  // Takes the first ready key that has not expired; drops those before it.
  std::optional<DialKey> Pop(absl::Duration now) {
    while (!ready_.empty()) {
      DialKey next = std::move(ready_.front());
      ready_.pop_front();
      ids_.erase(next.key.id);
      if (next.expires > now) return next;
    }
    return std::nullopt;
  }

  // Makes `key` the active one; the one before is dropped.
  void Activate(DialKey key) {
    DropActive();
    ids_.insert(key.key.id);
    active_ = std::move(key);
  }
  // The index for one more use of the active key, which must be there.
  uint32_t NextIndex() { return active_->next_index++; }

  void DropActive() {
    if (active_.has_value()) ids_.erase(active_->key.id);
    active_.reset();
  }
  // The active key, which must be there, is to be replaced from `now` on.
  void RekeyActive(absl::Duration now) { active_->rekey = now; }

  // Drops every ready key for which `predicate` holds.
  template <class Predicate>
  void DropReadyIf(const Predicate& predicate) {
    std::erase_if(ready_, [&](const DialKey& key) {
      if (!predicate(key)) return false;
      ids_.erase(key.key.id);
      return true;
    });
  }
  // The active one as well.
  template <class Predicate>
  void DropIf(const Predicate& predicate) {
    DropReadyIf(predicate);
    if (active_.has_value() && predicate(*active_)) DropActive();
  }

 private:
  std::deque<DialKey> ready_;
  std::optional<DialKey> active_;
  std::set<KeyId> ids_;
};

}  // namespace skex

#endif  // SKEX_KEYSTORE_DIAL_KEY_POOL_H_
