#ifndef SERVICE_SIDECAR_COMPLAINT_BUDGET_H_
#define SERVICE_SIDECAR_COMPLAINT_BUDGET_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"

namespace service {

// ComplaintBudget limits the warnings of a tunnel about what it refuses: that
// may happen for every connection of a flood. Thread-safe.
class ComplaintBudget {
 public:
  // From one warning to the next.
  static constexpr absl::Duration kInterval = absl::Seconds(1);

  // Whether one more may be written at `now`, by a monotonic clock.
  bool TryTake(absl::Duration now) {
    MutexLock lock(&mutex_);
    if (now < next_) return false;
    next_ = now + kInterval;
    return true;
  }

 private:
  Mutex mutex_;
  absl::Duration next_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace service

#endif  // SERVICE_SIDECAR_COMPLAINT_BUDGET_H_
