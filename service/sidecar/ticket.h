#ifndef SERVICE_SIDECAR_TICKET_H_
#define SERVICE_SIDECAR_TICKET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/log/log.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/inet_address.h"
#include "service/sidecar/proxy_header.h"
#include "service/sidecar/source_count.h"
#include "service/sidecar/tunnel.h"
#include "tlsbridge/session.h"

namespace service {

// Ticket is the account of one connection, from accept to end: it keeps the
// tunnel's counters and writes the connection's log lines. It moves with the
// connection, from opening to relaying. Move-only.
//
// Thread-compatible: belongs to one worker at a time.
class Ticket {
 public:
  // A connection was accepted from `source` and counted in shared.connections.
  // `source` is nothing for a Unix socket.
  Ticket(std::shared_ptr<Tunnel> tunnel,
         const absl::optional<InetAddress>& source);
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  Ticket(Ticket&& other) noexcept;
  Ticket& operator=(Ticket&&) = delete;
  // Finishes with kStopped if nobody finished before.
  ~Ticket();

  Tunnel& tunnel() const { return *tunnel_; }

  // Who is at the peer's end, once known: for the log.
  void set_peer(absl::string_view peer) { peer_ = std::string(peer); }
  const std::string& peer() const { return peer_; }

  // A PROXY header told whom the connection is from, and where it was opened
  // to: instead of what its socket says.
  void set_addresses(const ProxyAddresses& told) {
    source_ = told.source;
    destination_ = told.destination;
  }
  // The same for the next PROXY header, `fd` being the connection's socket.
  // Nothing if it is a Unix socket, and no header told.
  absl::optional<ProxyAddresses> Addresses(int fd) const;

  // Counts it among the connections of its source, which does not change any
  // more. Returns false, and complains at a limited rate, if there are as many
  // as are allowed: then the caller finishes it with kSourceLimit. At most
  // once.
  bool CountSource();

  // How long ago the connection was accepted.
  absl::Duration age() const;

  // A handshake ended well; writes its line.
  void HandshakeOk(const tlsbridge::SessionInfo& info, absl::Duration took);
  // A handshake ended otherwise. Finish() or a retry follows.
  void HandshakeFailed(HandshakeResult result, absl::Duration took);
  // Another attempt follows.
  void CountRetry();
  // Whether a log line about this connection is to be written: if the level is
  // on; without a limit once a handshake ended well, else within the tunnel's
  // failure_lines, of which a line below the level takes none.
  bool MayWriteLine(LogLevel level);
  // The handshake's place is free for the next connection: it ended well, or a
  // lane message has verified. Finish() does it too.
  void DoneOpening();

  // Application bytes that were taken over to the peer, or from it.
  void CountSent(uint64_t bytes);
  void CountReceived(uint64_t bytes);

  // The connection ended; writes its line, if it may. `detail` says more in one
  // sentence. At most once.
  void Finish(ConnectionResult result, absl::string_view detail);

 private:
  std::shared_ptr<Tunnel> tunnel_;  // null once finished or moved from
  std::string peer_;
  absl::optional<InetAddress> source_;
  absl::optional<InetAddress> destination_;  // if it was told
  bool source_counted_ = false;
  bool authenticated_ = false;  // a handshake ended well
  absl::Duration start_;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  bool opening_ = true;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_TICKET_H_
