#ifndef SERVICE_SIDECAR_SECURE_SOCKET_H_
#define SERVICE_SIDECAR_SECURE_SOCKET_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/types/span.h"
#include "service/sidecar/stream_socket.h"
#include "tlsbridge/session.h"

namespace service {

// SecureSocket is a socket and the TLS session that runs over it: it moves
// ciphertext between the two and leaves plain text to its user.
//
// Thread-compatible: belongs to its worker's thread.
class SecureSocket {
 public:
  SecureSocket(StreamSocket socket, std::unique_ptr<tlsbridge::Session> session)
      : socket_(std::move(socket)), session_(std::move(session)) {}

  StreamSocket& socket() { return socket_; }
  tlsbridge::Session& session() { return *session_; }

  // Sends the session's output. kMoved if none is left, kWouldBlock if the
  // rest has to wait, kFailed if the connection is broken.
  IoResult Flush(Next next = Next::kUnknown);

  // Reads once and feeds the session, through `scratch`. The result is that of
  // the read.
  IoResult Receive(absl::Span<uint8_t> scratch);

 private:
  StreamSocket socket_;
  std::unique_ptr<tlsbridge::Session> session_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_SECURE_SOCKET_H_
