#include "service/sidecar/worker_pool.h"

#include <algorithm>
#include <thread>

namespace service {

WorkerPool::WorkerPool(size_t size) {
  if (size == 0) {
    size = std::max<size_t>(1, std::thread::hardware_concurrency());
  }
  for (size_t i = 0; i < size; ++i) {
    workers_.push_back(std::make_unique<Worker>());
  }
}

void WorkerPool::Start() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Start();
}

void WorkerPool::Drain() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->Drain();
}

void WorkerPool::Ping(std::function<void()> answer) {
  auto left = std::make_shared<std::atomic<size_t>>(workers_.size());
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->Post([left, answer] {
      if (left->fetch_sub(1) == 1) answer();
    });
  }
}

void WorkerPool::StopAndJoin() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->StopAndJoin();
  }
}

}  // namespace service
