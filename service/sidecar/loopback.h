#ifndef SERVICE_SIDECAR_LOOPBACK_H_
#define SERVICE_SIDECAR_LOOPBACK_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "service/config/endpoint.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/owned_fd.h"

namespace service {

// Blocking sockets on this machine, for tests. What cannot go wrong in a
// healthy test ends it when it does; a read that gets nothing for a minute
// counts as failed, so that a test fails rather than hangs.

// How a stream ended for its reader.
enum class StreamEnd { kOrderly, kReset, kNothingCame };

struct StreamRest {
  std::string bytes;
  StreamEnd end = StreamEnd::kOrderly;
};

// One end of a stream.
class TestStream {
 public:
  // Connects to `endpoint`, or to the text of one.
  static TestStream Connect(const Endpoint& endpoint);
  static TestStream Connect(absl::string_view endpoint);

  explicit TestStream(OwnedFd fd);

  // Sends all of `bytes`. Returns whether the other end took them.
  bool Send(absl::string_view bytes);
  // Sends until nothing more is taken, at most some `most` bytes. Returns how
  // many were.
  size_t SendUntilStuck(size_t most);
  // Reads exactly `size` bytes; fewer if the stream ends.
  std::string Read(size_t size);
  // Reads what is there, at least one byte; empty at the end.
  std::string ReadSome();
  // Reads to the end.
  StreamRest ReadToEnd();
  void ShutdownWrite();
  // Closes with a reset.
  void Reset();
  void Close() { fd_.Close(); }

  int fd() const { return fd_.get(); }

 private:
  OwnedFd fd_;
  bool reset_ = false;  // sending found it out: the kernel tells that once
};

// A folder for Unix sockets, under a path that is short enough for them.
// Removed at the end, with all files in it.
class SocketFolder {
 public:
  SocketFolder();
  ~SocketFolder();
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  std::string PathOf(absl::string_view name) const;
  Endpoint At(absl::string_view name) const;

 private:
  std::string path_;
};

// A server socket on a port of the system's choice, or at a Unix path.
class TestServer {
 public:
  TestServer();
  explicit TestServer(const Endpoint& endpoint);

  const Endpoint& endpoint() const { return socket_.endpoint(); }
  TestStream Accept();
  // Whether a connection waits to be accepted.
  bool HasCaller() const;
  // From now on connections are refused.
  void Close() { socket_.Close(); }

 private:
  ListenSocket socket_;
};

// Where nobody listens: a port that was free a moment ago.
Endpoint DeadEndpoint();

// "127.0.0.1:0" as an endpoint.
Endpoint AnyPort();

// `size` bytes that depend on `seed` alone.
std::string RandomBytes(size_t size, unsigned seed);

}  // namespace service

#endif  // SERVICE_SIDECAR_LOOPBACK_H_
