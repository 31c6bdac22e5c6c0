#ifndef TLSBRIDGE_TOOL_CONNECTION_H_
#define TLSBRIDGE_TOOL_CONNECTION_H_

#include <functional>

#include "absl/status/status.h"
#include "tlsbridge/session.h"
#include "tlsbridge/tool/socket.h"

namespace tlsbridge::tool {

// Connection joins a session, its socket and the program's input and output.
// It blocks in poll() and nowhere else but in writing to stdout.
class Connection {
 public:
  enum class Source {
    kStdin,  // what comes from stdin goes to the peer
    kEcho,   // what comes from the peer goes back to it
  };

  // `session` must outlive the connection.
  Connection(Socket socket, Session& session, Source source);

  // Runs the handshake. A server's question is answered by `lookup`, which gets
  // the identity that the client offers first. Returns the session's error, or
  // UNAVAILABLE if the transport ended first.
  using Lookup = std::function<absl::StatusOr<skex::Psk>()>;
  absl::Status Handshake(const Lookup& lookup);

  // Moves data until both directions are closed. Returns the session's error,
  // or DATA_LOSS if the peer's transport ended without close_notify.
  absl::Status Transfer();

 private:
  // Waits for what can be done, and does it. `read_input` is whether the
  // program's input is wanted.
  absl::Status Step(bool read_input);

  absl::Status Send();
  absl::Status Receive();
  absl::Status Deliver();
  absl::Status TakeInput();

  Socket socket_;
  Session& session_;
  Source source_;
  bool transport_ended_ = false;
  bool input_ended_ = false;
};

}  // namespace tlsbridge::tool

#endif  // TLSBRIDGE_TOOL_CONNECTION_H_
