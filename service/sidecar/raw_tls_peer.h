#ifndef SERVICE_SIDECAR_RAW_TLS_PEER_H_
#define SERVICE_SIDECAR_RAW_TLS_PEER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/sidecar/loopback.h"
#include "skex/psk/psk.h"
#include "tlsbridge/session.h"

namespace service {

// RawTlsPeer is the other end of a tunnel in a test: a TLS session over a
// blocking socket, that can also do what a sidecar never does (end without
// close_notify, offer an old identity).
class RawTlsPeer {
 public:
  // A client that offers `psk`.
  RawTlsPeer(TestStream stream, skex::Psk psk);
  // A server that answers any offer with `psk`.
  static RawTlsPeer Server(TestStream stream, skex::Psk psk);

  // Drives the handshake to its end. OK, or why it failed: the session's
  // status, or UNAVAILABLE if the stream ended before.
  absl::Status Handshake();

  bool Send(absl::string_view plain);
  // Reads plain text until `size` bytes are there or nothing more comes.
  std::string Read(size_t size);
  // Reads until close_notify or until the stream ends; says in what way.
  StreamRest ReadToEnd();
  // Sends close_notify.
  void CloseWrite();

  tlsbridge::Session& session() { return *session_; }
  TestStream& stream() { return stream_; }

 private:
  RawTlsPeer(TestStream stream, std::unique_ptr<tlsbridge::Session> session);
  bool Flush();
  // Feeds what comes next. Returns false at the end of the stream.
  bool FeedSome(StreamEnd& end);
  std::string Decrypted();

  TestStream stream_;
  std::unique_ptr<tlsbridge::Session> session_;
  skex::Psk server_psk_;
};

// The TLS context that tests use on both ends.
std::shared_ptr<const tlsbridge::Context> TestTls();

}  // namespace service

#endif  // SERVICE_SIDECAR_RAW_TLS_PEER_H_
