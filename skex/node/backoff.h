#ifndef SKEX_NODE_BACKOFF_H_
#define SKEX_NODE_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace skex {

// Backoff says when to try again after a failure: later each time, from kLeast
// to kMost. Times are of the monotonic clock.
//
// Thread-compatible.
class Backoff {
 public:
  static constexpr absl::Duration kLeast = absl::Milliseconds(100);
  static constexpr absl::Duration kMost = absl::Seconds(30);

  // From then on an attempt may begin.
  absl::Duration not_before() const { return not_before_; }

  // An attempt failed. Those that were under way together fail together: that
  // counts once. `mended_at_once`: the next one need not wait, unless the one
  // before failed as well.
  void Fail(absl::Duration now, bool mended_at_once = false) {
    if (now < not_before_) return;
    if (!mended_at_once || delay_ != kLeast) not_before_ = now + delay_;
    delay_ = std::min(2 * delay_, kMost);
  }
  // An attempt went well.
  void Succeed() { delay_ = kLeast; }
  // The next attempt need not wait.
  void HurryUp() {
    not_before_ = absl::ZeroDuration();
    delay_ = kLeast;
  }

 private:
  absl::Duration not_before_;
  absl::Duration delay_ = kLeast;  // of the next failure
};

}  // namespace skex

#endif  // SKEX_NODE_BACKOFF_H_
