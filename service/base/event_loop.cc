#include "service/base/event_loop.h"

#include "absl/time/clock.h"
#include "service/base/monotonic_time.h"

namespace service {

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Start(AfterTasks after_tasks) {
  thread_ = std::thread([this, after_tasks = std::move(after_tasks)]() mutable {
    Run(std::move(after_tasks));
  });
}

void EventLoop::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool EventLoop::Post(Task task) {
  MutexLock lock(&mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  changed_.SignalAll();
  return true;
}

bool EventLoop::Call(Task task) {
  Mutex mutex;
  CondVar ended;
  bool done = false;
  const bool posted = Post([&] {
    task();
    MutexLock lock(&mutex);
    done = true;
    ended.SignalAll();
  });
  if (!posted) return false;
  MutexLock lock(&mutex);
  while (!done) ended.Wait(&mutex);
  return true;
}

void EventLoop::Run(AfterTasks after_tasks) {
  absl::Duration due = after_tasks();
  for (bool stopping = false; !stopping;) {
    std::vector<Task> tasks;
    {
      MutexLock lock(&mutex_);
      while (tasks_.empty() && !stopping_) {
        const absl::Duration left = due - MonotonicNow();
        if (left <= absl::ZeroDuration()) break;
        changed_.WaitWithTimeout(&mutex_, left);
      }
      tasks.swap(tasks_);
      stopping = stopping_;
    }
    for (Task& task : tasks) task();
    due = after_tasks();
  }
}

}  // namespace service
