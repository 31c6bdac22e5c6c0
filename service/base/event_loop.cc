#include "service/base/event_loop.h"

#include <memory>

#include "absl/time/clock.h"
#include "service/base/monotonic_time.h"

namespace service {
namespace {

// What a caller of Call() waits for: the end of the task, or of the closure
// around it when it was dropped.
struct Waiting {
  Mutex mutex;
  CondVar changed;
  bool over ABSL_GUARDED_BY(mutex) = false;
};

struct EndsWaiting {
  void operator()(Waiting* waiting) const {
    MutexLock lock(&waiting->mutex);
    waiting->over = true;
    waiting->changed.SignalAll();
  }
};

}  // namespace

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Start(AfterTasks after_tasks) {
  after_tasks_ = std::move(after_tasks);
  thread_ = std::thread([this] { Run(); });
}

void EventLoop::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  std::vector<Task> dropped;
  MutexLock lock(&mutex_);
  dropped.swap(tasks_);
}

bool EventLoop::Post(Task task) {
  MutexLock lock(&mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  // Who is at work looks again at the end.
  if (!busy_) changed_.SignalAll();
  return true;
}

bool EventLoop::RunOrPost(Task task) {
  MutexLock lock(&mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  if (busy_) return true;
  WorkThrough();
  if (!tasks_.empty() || stopping_ || due_ < wakes_at_) changed_.SignalAll();
  return true;
}

bool EventLoop::Call(Task task) {
  Waiting waiting;
  bool done = false;
  Post([&task, &done,
        end = std::unique_ptr<Waiting, EndsWaiting>(&waiting)]() mutable {
    task();
    done = true;
    end.reset();
  });
  MutexLock lock(&waiting.mutex);
  while (!waiting.over) waiting.changed.Wait(&waiting.mutex);
  return done;
}

void EventLoop::WorkThrough() {
  busy_ = true;
  std::vector<Task> tasks;
  tasks.swap(tasks_);
  mutex_.Unlock();
  for (Task& task : tasks) task();
  tasks.clear();
  const absl::Duration due = after_tasks_();
  mutex_.Lock();
  due_ = due;
  busy_ = false;
}

void EventLoop::Run() {
  MutexLock lock(&mutex_);
  WorkThrough();
  while (true) {
    while (busy_ || (tasks_.empty() && !stopping_)) {
      wakes_at_ = busy_ ? absl::InfiniteDuration() : due_;
      const absl::Duration left = wakes_at_ - MonotonicNow();
      if (left <= absl::ZeroDuration()) break;
      changed_.WaitWithTimeout(&mutex_, left);
    }
    const bool last = stopping_;
    WorkThrough();
    if (last) return;
  }
}

}  // namespace service
