#ifndef SERVICE_SIDECAR_WORKER_H_
#define SERVICE_SIDECAR_WORKER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "asio/executor_work_guard.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"

namespace service {

// Most bytes that are read from a socket at a time.
inline constexpr size_t kReadSize = 64 * 1024;

// Worker is one thread with its own event loop. A connection lives on one
// worker from its start to its end, so that its state needs no lock.
//
// Post() and Drain() are thread-safe; everything else belongs to the worker's
// thread, or to any one thread while it does not run.
class Worker {
 public:
  Worker();
  // Calls StopAndJoin().
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Starts the thread. At most once.
  void Start();

  // Runs `task` on the worker's thread; drops it if the worker has stopped.
  template <class Task>
  void Post(Task task) {
    asio::post(io_, std::move(task));
  }

  // Drains all connections, and those that join later. Thread-safe.
  void Drain();

  // Stops all connections and ends the thread. A worker that never ran just
  // drops its tasks. Not from the worker's own thread.
  void StopAndJoin();

  asio::io_context& io() { return io_; }
  AlarmClock& clock() { return clock_; }

  // kReadSize bytes for use within one handler: no connection needs a buffer
  // of its own to read into.
  absl::Span<uint8_t> scratch() { return absl::MakeSpan(*scratch_); }

  // Keeps `connection` alive until Leave(). One that joins while the worker
  // drains or stops is drained or stopped at once.
  void Join(std::shared_ptr<Connection> connection);
  void Leave(const Connection* connection) { connections_.erase(connection); }

 private:
  std::vector<std::shared_ptr<Connection>> Connections() const;
  void StopConnections();

  asio::io_context io_;
  AlarmClock clock_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  const std::unique_ptr<std::array<uint8_t, kReadSize>> scratch_;
  absl::flat_hash_map<const Connection*, std::shared_ptr<Connection>>
      connections_;
  bool draining_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_WORKER_H_
