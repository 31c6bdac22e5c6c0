#ifndef SERVICE_SIDECAR_LISTENER_H_
#define SERVICE_SIDECAR_LISTENER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "asio/posix/stream_descriptor.hpp"
#include "service/config/endpoint.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/tunnel.h"
#include "service/sidecar/worker.h"
#include "service/sidecar/worker_pool.h"

namespace service {

// Listener accepts the connections of one tunnel, on one worker, and deals
// them out to all workers in turn. It keeps the limits: above that of
// connections one more is reset at once; while too many handshakes are under
// way it accepts nothing and leaves the clients to the kernel's backlog.
class Listener {
 public:
  // Starts the life of a connection; called on `worker`'s thread.
  using Open = void (*)(Worker& worker, Ticket ticket, OwnedFd fd);

  // All must outlive the listener, which must outlive the threads of `pool`.
  Listener(WorkerPool& pool, Tunnel& tunnel, ListenSocket socket, Open open);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ~Listener();

  // Begins to accept; before the threads of `pool` start. Returns UNAVAILABLE
  // if the event loop cannot watch the socket.
  absl::Status Start();

  // Stops accepting, then calls `stopped` on the listener's thread.
  // Thread-safe.
  void Stop(std::function<void()> stopped);

  const Endpoint& endpoint() const { return socket_.endpoint(); }

 private:
  void AwaitReadable();
  void AcceptSome();
  bool AcceptOne();  // whether to go on at once
  void HandOver(OwnedFd fd);
  void Refuse(OwnedFd fd);
  void Pause(absl::Duration delay);
  void Complain(absl::string_view what, absl::string_view why);
  void Close();

  WorkerPool& pool_;
  Worker& home_;
  Tunnel& tunnel_;
  ListenSocket socket_;
  const Open open_;
  asio::posix::stream_descriptor descriptor_;  // of socket_'s fd, borrowed
  Alarm pause_;
  bool closed_ = false;
  absl::Duration next_complaint_ = absl::ZeroDuration();
};

}  // namespace service

#endif  // SERVICE_SIDECAR_LISTENER_H_
