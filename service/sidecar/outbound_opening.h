#ifndef SERVICE_SIDECAR_OUTBOUND_OPENING_H_
#define SERVICE_SIDECAR_OUTBOUND_OPENING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/dialer.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/secure_socket.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/worker.h"
#include "skex/base/ids.h"
#include "skex/psk/psk.h"

namespace service {

// OutboundOpening takes an app's connection from accept to an established TLS
// session with the peer, then hands both to a Relay. Its steps:
//
//   dial -> take a PSK -> handshake -> PROXY header, if one is wanted -> relay
//            ^               | refused
//            +-- dial again <+
//
// The PSK is taken once there is somebody to use it with: a remote end that is
// away costs no key. While there is none it is asked for again until key_wait
// has passed. A refusal is not authenticated and may just mean that the peer
// has restarted: it is answered with a PSK of another key, if one comes within
// key_wait, at most kMaxAttempts times in all.
//
// The app's bytes are not read before the relay: nothing is lost in a retry,
// and nothing can leave unencrypted. Every failure resets the app's
// connection.
//
// Thread-compatible: belongs to its worker's thread.
class OutboundOpening : public Connection,
                        public std::enable_shared_from_this<OutboundOpening> {
 public:
  static constexpr int kMaxAttempts = 3;

  // Starts on `worker`, which keeps it until it has ended. See
  // Listener::Open.
  static void Start(Worker& worker, Ticket ticket, OwnedFd app);

  // Use Start().
  OutboundOpening(Worker& worker, Ticket ticket, OwnedFd app);

  void Stop() override;

 private:
  void Dial();
  void OnDialed(absl::StatusOr<StreamSocket> socket);
  void TakeKey();
  void AwaitKey(absl::string_view why_not);
  bool WasRefused(absl::string_view identity) const;

  void StartHandshake(skex::Psk psk);
  void Step();
  void AwaitPeer();
  void OnReadable();
  void OnSessionFailed();
  void OnRefused(absl::string_view why);
  void OnEstablished();
  std::string ProxyHeader();

  void FailHandshake(HandshakeResult result, ConnectionResult connection,
                     absl::string_view detail);
  void Fail(ConnectionResult result, absl::string_view detail);
  void Leave();

  TunnelSurroundings& shared() const { return ticket_.tunnel().shared; }
  const skex::AgentId& peer() const { return ticket_.tunnel().peers.front(); }

  Worker& worker_;
  Ticket ticket_;
  StreamSocket app_;
  Dialer dialer_;
  Alarm alarm_;  // next look for a key, or handshake_timeout

  StreamSocket remote_;            // connected, before the handshake
  absl::optional<skex::Psk> psk_;  // taken, before the handshake
  absl::optional<SecureSocket> tls_;
  std::string identity_;  // offered in this attempt
  int attempt_ = 0;
  std::vector<skex::KeyId> refused_;
  absl::optional<absl::Duration> key_deadline_;
  absl::Duration handshake_start_;
  bool ended_ = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_OUTBOUND_OPENING_H_
