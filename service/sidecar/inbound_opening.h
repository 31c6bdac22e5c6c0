#ifndef SERVICE_SIDECAR_INBOUND_OPENING_H_
#define SERVICE_SIDECAR_INBOUND_OPENING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/dialer.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/secure_socket.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/worker.h"
#include "skex/psk/psk.h"

namespace service {

// InboundOpening takes a peer's connection from accept to an established TLS
// session and a connection to the backend, then hands both to a Relay. Its
// steps:
//
//   ClientHello -> find the PSK -> binder verified -> mark the PSK as used
//     -> answer, and dial the backend meanwhile -> both done
//     -> PROXY header to the backend, if it wants one -> relay
//
// The peer sees one and the same alert whether its identity is unknown, is of
// a peer that is not allowed here, was used before, or its key is wrong. No
// byte of the answer leaves before the PSK is marked as used, and the backend
// is not dialled before that either.
//
// If the sidecar has a LaneAnswerer with lanes, a connection whose first byte
// is none of TLS becomes a LaneConnection instead.
//
// Thread-compatible: belongs to its worker's thread.
class InboundOpening : public Connection,
                       public std::enable_shared_from_this<InboundOpening> {
 public:
  // Identities of one ClientHello that are looked up; those behind are not.
  static constexpr size_t kMaxIdentities = 8;

  // Starts on `worker`, which keeps it until it has ended. See
  // Listener::Open.
  static void Start(Worker& worker, Ticket ticket, OwnedFd peer);

  // Use Start().
  InboundOpening(Worker& worker, Ticket ticket, OwnedFd peer);

  void Stop() override;

 private:
  void Begin();
  void AwaitPeer();
  void OnReadable();
  void OnBytes(absl::Span<const uint8_t> bytes);
  bool TakesLaneMessages() const;
  void BecomeLaneConnection(absl::Span<const uint8_t> first);
  void Step();
  absl::StatusOr<skex::Psk> FindPsk();
  bool MarkUsed();  // whether the handshake may go on
  void OnSessionFailed();
  void OnEstablished();
  void OnBackend(absl::StatusOr<StreamSocket> backend);
  void RelayIfReady();
  std::string ProxyHeader();
  void SendProxyHeader();
  void StartRelay();

  void FailHandshake(HandshakeResult result, ConnectionResult connection,
                     absl::string_view detail);
  void Fail(ConnectionResult result, absl::string_view detail);
  void Leave();

  TunnelSurroundings& shared() const { return ticket_.tunnel().shared; }
  StreamSocket& peer() { return tls_ ? tls_->socket() : peer_; }

  Worker& worker_;
  Ticket ticket_;
  StreamSocket peer_;                 // before its first byte
  absl::optional<SecureSocket> tls_;  // from then on
  Dialer dialer_;
  Alarm timeout_;
  StreamSocket backend_;
  std::string header_;  // what is left to send of it
  const absl::Duration start_;
  // What a failed authentication is counted as.
  ConnectionResult refusal_ = ConnectionResult::kRefused;
  bool marked_ = false;
  bool established_ = false;
  bool ended_ = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_INBOUND_OPENING_H_
