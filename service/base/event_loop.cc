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
  std::vector<Task> dropped;
  MutexLock lock(&mutex_);
  dropped.swap(tasks_);
}

bool EventLoop::Post(Task task) {
  MutexLock lock(&mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  changed_.SignalAll();
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
