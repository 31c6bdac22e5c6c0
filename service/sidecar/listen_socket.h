#ifndef SERVICE_SIDECAR_LISTEN_SOCKET_H_
#define SERVICE_SIDECAR_LISTEN_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "service/config/endpoint.h"
#include "service/sidecar/owned_fd.h"

namespace service {

// ListenSocket is a bound, listening, non-blocking socket. The file of a Unix
// socket that it opened is removed with it, unless another program has put its
// own there.
// Move-only.
class ListenSocket {
 public:
  // Listens at `endpoint`. The file of a Unix socket gets mode 0600 before
  // anyone can connect; one that a dead program left behind is replaced.
  // Returns ALREADY_EXISTS if somebody else listens there, UNAVAILABLE if the
  // system refuses otherwise: one line with the address and the way out.
  static absl::StatusOr<ListenSocket> Open(const Endpoint& endpoint);

  // Takes over a non-blocking socket that listens at `endpoint`. The file of a
  // Unix socket belongs to whoever made it, and stays.
  static ListenSocket Adopt(OwnedFd fd, Endpoint endpoint) {
    return ListenSocket(std::move(fd), std::move(endpoint));
  }

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket();

  int fd() const { return fd_.get(); }

  // Where it listens, with the port that the system chose.
  const Endpoint& endpoint() const { return endpoint_; }

  // Stops listening. Connections that nobody accepted are reset.
  void Close();

 private:
  ListenSocket(OwnedFd fd, Endpoint endpoint);
  static absl::StatusOr<ListenSocket> OpenUnix(const Endpoint& endpoint);

  OwnedFd fd_;
  Endpoint endpoint_;
  // The socket's own file, to know it again. Zero for TCP.
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_LISTEN_SOCKET_H_
