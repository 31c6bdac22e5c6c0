#ifndef SERVICE_SIDECAR_LANE_SOCKET_H_
#define SERVICE_SIDECAR_LANE_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "asio/io_context.hpp"
#include "service/sidecar/stream_socket.h"

namespace service {

// LaneSocket is a socket that carries the messages of unmediated key
// establishment, one behind the other: it tells where each ends, and keeps what
// is not whole yet and what is not sent yet. It verifies nothing.
//
// Thread-compatible: belongs to its worker's thread.
class LaneSocket {
 public:
  // Most bytes of one Receive().
  static constexpr size_t kReadSize = 1024;

  // A closed socket.
  explicit LaneSocket(asio::io_context& io) : socket_(io) {}
  explicit LaneSocket(StreamSocket socket) : socket_(std::move(socket)) {}

  StreamSocket& socket() { return socket_; }

  // Reads once, through `scratch`. The result is that of the read. To bound
  // what is kept, take all whole messages out before.
  IoResult Receive(absl::Span<uint8_t> scratch);
  // Takes bytes that were read elsewhere.
  void Feed(absl::Span<const uint8_t> bytes);

  // Takes the next message out; an empty string if none is whole yet. Returns
  // INVALID_ARGUMENT if what comes next is the beginning of none.
  absl::StatusOr<std::string> Next();
  // Whether bytes came that no Next() has taken out.
  bool has_input() const { return !input_.empty(); }

  // Queues `message`. Flush() sends.
  void Queue(absl::string_view message) {
    output_.append(message.data(), message.size());
  }
  // Bytes that are queued and not sent.
  size_t unsent() const { return output_.size(); }
  // Sends what is queued. kMoved if nothing is left, kWouldBlock if the rest
  // has to wait, kFailed if the connection is broken.
  IoResult Flush();

  // Closes in order: what was sent is still delivered. Drops what is kept, of
  // both directions.
  void Close();

 private:
  StreamSocket socket_;
  std::string input_;
  std::string output_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_LANE_SOCKET_H_
