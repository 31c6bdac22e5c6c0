#ifndef SERVICE_SIDECAR_LISTENER_H_
#define SERVICE_SIDECAR_LISTENER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "asio/posix/stream_descriptor.hpp"
#include "service/config/endpoint.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/socket_address.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/tunnel.h"
#include "service/sidecar/worker.h"
#include "service/sidecar/worker_pool.h"

namespace service {

// Listener accepts the connections at one address, on one worker, and deals
// them out to all workers in turn. They are those of one tunnel, which may be
// replaced by another. It keeps the limits: above that of
// connections, or of those from one source, one more is reset at once (where a
// PROXY header tells the source, ProxyOpening looks at that); while too many
// handshakes are under way it accepts nothing and leaves the clients to the
// kernel's backlog.
class Listener {
 public:
  // Starts the life of a connection; called on `worker`'s thread.
  using Open = void (*)(Worker& worker, Ticket ticket, OwnedFd fd);

  // `pool` must outlive the listener, which must outlive its threads or end by
  // Retire().
  Listener(WorkerPool& pool, std::shared_ptr<Tunnel> tunnel,
           ListenSocket socket, Open open);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  ~Listener();

  // Begins to accept; before the threads of `pool` start, or on the listener's
  // own. Returns UNAVAILABLE if the event loop cannot watch the socket.
  absl::Status Start();

  // From now on connections are those of `tunnel`; then calls `done` on the
  // listener's thread. Thread-safe, as all that follows.
  void Serve(std::shared_ptr<Tunnel> tunnel, Open open,
             std::function<void()> done);

  // Stops accepting, then calls `stopped` on the listener's thread.
  void Stop(std::function<void()> stopped);

  // The same for one that is not wanted any more: keeps it alive, and lets go
  // of it on that thread, once no event can reach it.
  static void Retire(std::shared_ptr<Listener> listener,
                     std::function<void()> stopped);

  const Endpoint& endpoint() const { return socket_.endpoint(); }
  // The one whose thread is the listener's.
  Worker& home() { return home_; }

 private:
  void AwaitReadable();
  void AcceptSome();
  bool AcceptOne();  // whether to go on at once
  void HandOver(OwnedFd fd, const SocketAddress& from);
  void Refuse(OwnedFd fd);
  void Pause(absl::Duration delay);
  void Complain(absl::string_view what, absl::string_view why);
  void Close();

  WorkerPool& pool_;
  Worker& home_;
  std::shared_ptr<Tunnel> tunnel_;
  ListenSocket socket_;
  Open open_;
  asio::posix::stream_descriptor descriptor_;  // of socket_'s fd, borrowed
  Alarm pause_;
  bool closed_ = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_LISTENER_H_
