#ifndef SERVICE_SIDECAR_CONNECTION_COUNT_H_
#define SERVICE_SIDECAR_CONNECTION_COUNT_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"

namespace service {

// ConnectionCount counts the connections that are open, up to a limit.
// Thread-safe.
class ConnectionCount {
 public:
  explicit ConnectionCount(size_t limit) : limit_(limit) {}

  // Counts one more and returns true, unless the limit is reached.
  bool TryAdd() {
    MutexLock lock(&mutex_);
    if (open_ >= limit_) return false;
    ++open_;
    return true;
  }

  void Remove() {
    MutexLock lock(&mutex_);
    if (--open_ == 0) none_.SignalAll();
  }

  // Blocks until none is open or `deadline` has passed. Returns how many are
  // open.
  size_t AwaitNone(absl::Time deadline) {
    MutexLock lock(&mutex_);
    while (open_ > 0 && !none_.WaitWithDeadline(&mutex_, deadline)) {
    }
    return open_;
  }

 private:
  const size_t limit_;
  Mutex mutex_;
  CondVar none_;
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_CONNECTION_COUNT_H_
