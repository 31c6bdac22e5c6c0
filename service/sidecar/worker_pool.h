#ifndef SERVICE_SIDECAR_WORKER_POOL_H_
#define SERVICE_SIDECAR_WORKER_POOL_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "service/sidecar/worker.h"

namespace service {

// WorkerPool holds the workers and deals connections out to them in turn.
// Next() and Ping() are thread-safe.
class WorkerPool {
 public:
  // `size` workers; 0 is one for each processor.
  explicit WorkerPool(size_t size);

  void Start();
  // See Worker::Drain().
  void Drain();
  // Calls `answer` once every worker has run a task that is posted now, on the
  // thread of the last one.
  void Ping(std::function<void()> answer);
  // Stops all connections and ends all threads.
  void StopAndJoin();

  Worker& Next() {
    return *workers_[next_.fetch_add(1, std::memory_order_relaxed) %
                     workers_.size()];
  }

 private:
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<size_t> next_{0};
};

}  // namespace service

#endif  // SERVICE_SIDECAR_WORKER_POOL_H_
