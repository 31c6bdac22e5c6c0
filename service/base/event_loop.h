#ifndef SERVICE_BASE_EVENT_LOOP_H_
#define SERVICE_BASE_EVENT_LOOP_H_

#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"

namespace service {

// EventLoop runs tasks, one after the other: the home of objects that are not
// thread-safe. Behind every batch of tasks, and when its time has come, it
// calls one function that sees to what is due. It has a thread of its own;
// where the caller allows it, an idle loop runs a task on the caller's instead.
//
// Thread-safe.
class EventLoop {
 public:
  using Task = absl::AnyInvocable<void()>;
  // Returns when it wants to be called again, by MonotonicNow().
  using AfterTasks = absl::AnyInvocable<absl::Duration()>;

  EventLoop() = default;
  // Calls Stop().
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Starts the thread. Once.
  void Start(AfterTasks after_tasks);

  // Runs the tasks that were posted before, then ends the thread; without
  // Start() they are dropped, as are tasks that come later. Not to be called
  // on the loop's own thread.
  void Stop();

  // Runs `task` soon, on the loop's thread or on that of a RunOrPost(). Returns
  // false, and drops it, after Stop().
  bool Post(Task task);

  // Runs `task` at once, with what is due behind it, on the calling thread if
  // the loop is idle, which saves waking another one; else as Post(). The
  // caller holds no lock that tasks, or what is due, may want.
  bool RunOrPost(Task task);

  // Runs `task` and waits for its end, before Start() also for that. Returns
  // false if the task was dropped. Not to be called on the loop's own thread.
  bool Call(Task task);

 private:
  void Run();
  // Runs what waits, without the lock.
  void WorkThrough() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // A thread is at work: only that one touches `after_tasks_`. Before Start()
  // nobody can be.
  bool busy_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Duration due_ ABSL_GUARDED_BY(mutex_);
  // Until when the loop's thread sleeps.
  absl::Duration wakes_at_ ABSL_GUARDED_BY(mutex_);
  AfterTasks after_tasks_;
  std::thread thread_;
};

}  // namespace service

#endif  // SERVICE_BASE_EVENT_LOOP_H_
