#ifndef SERVICE_SIDECAR_PROXY_OPENING_H_
#define SERVICE_SIDECAR_PROXY_OPENING_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/listener.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/proxy_header.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/worker.h"

namespace service {

// ProxyOpening is what a connection goes through first in a tunnel that
// accepts PROXY headers: it takes the header off, notes in the ticket whom the
// connection is from, and hands it to the opening proper. It reads no byte
// behind the header.
//
// A connection that begins with anything else is reset, and so is one that has
// sent no whole header within handshake_timeout, or whose source has as many
// connections as are allowed. It takes one of the tunnel's places for
// handshakes.
//
// Thread-compatible: belongs to its worker's thread.
class ProxyOpening : public Connection,
                     public std::enable_shared_from_this<ProxyOpening> {
 public:
  // Starts on `worker`, which keeps it until it has ended. `next` is called
  // behind the header. See Listener::Open.
  static void Start(Worker& worker, Ticket ticket, OwnedFd fd,
                    Listener::Open next);

  // Use Start().
  ProxyOpening(Worker& worker, Ticket ticket, OwnedFd fd, Listener::Open next);

  void Stop() override;

 private:
  void Begin();
  void AwaitBytes();
  void OnReadable();
  void OnHeader();
  void OnCut(absl::string_view why);

  void Fail(ConnectionResult result, absl::string_view detail);
  void Leave();

  Worker& worker_;
  Ticket ticket_;
  StreamSocket socket_;
  const Listener::Open next_;
  ProxyHeaderReader header_;
  Alarm timeout_;
  bool ended_ = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_PROXY_OPENING_H_
