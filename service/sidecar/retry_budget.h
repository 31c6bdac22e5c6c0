#ifndef SERVICE_SIDECAR_RETRY_BUDGET_H_
#define SERVICE_SIDECAR_RETRY_BUDGET_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"

namespace service {

// RetryBudget limits how often the connections of a tunnel try again after a
// refusal. The refusal is an alert that anyone on the path can forge; without
// a limit it would turn each connection into several, and burn keys.
// Thread-safe.
class RetryBudget {
 public:
  // Retries in any one second.
  static constexpr uint32_t kPerSecond = 256;

  // Whether one more retry may start at `now`, by a monotonic clock.
  bool TryTake(absl::Duration now) {
    MutexLock lock(&mutex_);
    if (now - second_ >= absl::Seconds(1)) {
      second_ = now;
      taken_ = 0;
    }
    if (taken_ >= kPerSecond) return false;
    ++taken_;
    return true;
  }

 private:
  Mutex mutex_;
  absl::Duration second_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  uint32_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_RETRY_BUDGET_H_
