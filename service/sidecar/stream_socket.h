#ifndef SERVICE_SIDECAR_STREAM_SOCKET_H_
#define SERVICE_SIDECAR_STREAM_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/types/span.h"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/posix/stream_descriptor.hpp"
#include "service/sidecar/owned_fd.h"

namespace service {

// What came of one attempt to move bytes.
enum class IoState {
  kMoved,       // some bytes moved
  kWouldBlock,  // none; wait for the socket
  kEnd,         // reading: the other end has closed its direction
  kFailed,      // the connection is broken
};

struct IoResult {
  IoState state = IoState::kWouldBlock;
  size_t size = 0;  // bytes moved, with kMoved
  int error = 0;    // errno, with kFailed
};

// What the caller does once all that it writes has moved.
enum class Next {
  kUnknown,
  kEnd,  // ends the direction at once: one packet can carry both
};

// StreamSocket is a connected or connecting stream socket, TCP or Unix,
// non-blocking, on the event loop of one worker. Reads and writes are tried at
// once, without a buffer held while nothing can move: that is why waiting and
// moving are two steps.
//
// Thread-compatible: belongs to its worker's thread.
class StreamSocket {
 public:
  // A closed socket.
  explicit StreamSocket(asio::io_context& io) : descriptor_(io) {}

  // Takes `fd`, which must be non-blocking. If the event loop cannot watch it,
  // the socket is closed, and reading and writing fail.
  StreamSocket(asio::io_context& io, OwnedFd fd);

  StreamSocket(StreamSocket&&) = default;
  StreamSocket& operator=(StreamSocket&&) = default;

  bool is_open() const { return descriptor_.is_open(); }
  int fd() { return descriptor_.native_handle(); }

  // One read of at most out.size() bytes; one write of what the kernel takes.
  IoResult Read(absl::Span<uint8_t> out);
  IoResult Write(absl::Span<const uint8_t> bytes, Next next = Next::kUnknown);

  // Calls `handler` from the event loop once the socket can be read or has
  // ended, or can be written or is broken; never from inside the call. A
  // handler may still be called soon after the socket was closed: it must look
  // whether its owner lives on. At most one wait of each kind at a time.
  template <class Handler>
  void WaitReadable(Handler handler) {
    Wait(asio::posix::descriptor_base::wait_read, std::move(handler));
  }
  template <class Handler>
  void WaitWritable(Handler handler) {
    Wait(asio::posix::descriptor_base::wait_write, std::move(handler));
  }

  // Takes the socket off the event loop and leaves it to the caller. What waits
  // for it is not called any more.
  OwnedFd Release();

  // Ends our direction in order. What fails here fails in Read() too.
  void ShutdownWrite();

  // Closes in order: what was written is still delivered.
  void Close();

  // Closes so that the other end of a TCP connection sees a reset, never an
  // orderly end. A Unix socket has no reset: its other end sees one only if it
  // sent bytes that nobody read, and an end otherwise.
  void Reset();

 private:
  template <class Handler>
  void Wait(asio::posix::descriptor_base::wait_type what, Handler handler) {
    descriptor_.async_wait(what, [handler = std::move(handler)](
                                     const asio::error_code& error) mutable {
      if (error != asio::error::operation_aborted) handler();
    });
  }

  asio::posix::stream_descriptor descriptor_;
};

// Sends small writes at once and lets the kernel find out dead peers. No
// effect on a Unix socket.
void TuneTcp(int fd);

}  // namespace service

#endif  // SERVICE_SIDECAR_STREAM_SOCKET_H_
