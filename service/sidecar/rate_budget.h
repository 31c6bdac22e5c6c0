#ifndef SERVICE_SIDECAR_RATE_BUDGET_H_
#define SERVICE_SIDECAR_RATE_BUDGET_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"

namespace service {

// RateBudget limits how often a tunnel does what strangers can make it do.
// Thread-safe.
class RateBudget {
 public:
  // `per_second` times, counted anew from a second on after the first.
  explicit RateBudget(uint32_t per_second) : per_second_(per_second) {}

  // Whether it may be done once more at `now`, by a monotonic clock.
  bool TryTake(absl::Duration now) {
    MutexLock lock(&mutex_);
    if (now - second_ >= absl::Seconds(1)) {
      second_ = now;
      taken_ = 0;
    }
    if (taken_ >= per_second_) return false;
    ++taken_;
    return true;
  }

 private:
  const uint32_t per_second_;
  Mutex mutex_;
  // When the one began that is counted.
  absl::Duration second_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  uint32_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_RATE_BUDGET_H_
