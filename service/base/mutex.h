#ifndef SERVICE_BASE_MUTEX_H_
#define SERVICE_BASE_MUTEX_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#if defined(__SANITIZE_THREAD__)
#define SERVICE_BASE_MUTEX_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SERVICE_BASE_MUTEX_TSAN 1
#endif
#endif

#if defined(SERVICE_BASE_MUTEX_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

// Mutex, MutexLock and CondVar: those of Abseil, with the acquire and release
// told to ThreadSanitizer. The packaged Abseil library is not instrumented, so
// that absl::Mutex by itself looks to ThreadSanitizer as if it ordered
// nothing. Use these for all shared state; absl::Mutex is not used directly.
//
// Without ThreadSanitizer they cost nothing over Abseil's.

namespace service {

// A mutual exclusion lock. Not recursive. Thread-safe.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Blocks until the lock is free, then holds it.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    mutex_.Lock();
    Acquired();
  }

  // Gives the lock back. The calling thread must hold it.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    Releasing();
    mutex_.Unlock();
  }

  // Takes the lock if it is free now. Returns whether it did.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    if (!mutex_.TryLock()) return false;
    Acquired();
    return true;
  }

  // Ends the process if the calling thread certainly does not hold the lock.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() { mutex_.AssertHeld(); }

 private:
  friend class CondVar;

#if defined(SERVICE_BASE_MUTEX_TSAN)
  void Acquired() { __tsan_acquire(this); }
  void Releasing() { __tsan_release(this); }
#else
  void Acquired() {}
  void Releasing() {}
#endif

  absl::Mutex mutex_;
};

// Holds a Mutex for the length of a scope. The mutex must outlive it.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

// A condition variable. Waits may end without a signal: call them in a loop
// that tests the condition. Thread-safe.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Gives `mutex` back, waits for a signal and takes it again.
  void Wait(Mutex* mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    mutex->Releasing();
    condition_.Wait(&mutex->mutex_);
    mutex->Acquired();
  }

  // The same, at most until `deadline` or for `timeout`. Returns true if that
  // time has passed. absl::InfiniteFuture() and absl::InfiniteDuration() are
  // allowed.
  bool WaitWithDeadline(Mutex* mutex, absl::Time deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    mutex->Releasing();
    const bool late = condition_.WaitWithDeadline(&mutex->mutex_, deadline);
    mutex->Acquired();
    return late;
  }
  bool WaitWithTimeout(Mutex* mutex, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    mutex->Releasing();
    const bool late = condition_.WaitWithTimeout(&mutex->mutex_, timeout);
    mutex->Acquired();
    return late;
  }

  // Wakes one waiting thread, or all of them.
  void Signal() { condition_.Signal(); }
  void SignalAll() { condition_.SignalAll(); }

 private:
  absl::CondVar condition_;
};

}  // namespace service

#endif  // SERVICE_BASE_MUTEX_H_
