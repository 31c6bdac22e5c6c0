#ifndef TLSBRIDGE_TOOL_SOCKET_H_
#define TLSBRIDGE_TOOL_SOCKET_H_

#include <string>

#include "absl/status/statusor.h"
#include "tlsbridge/tool/options.h"

namespace tlsbridge::tool {

// Socket owns a file descriptor. Move-only.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// Each returns UNAVAILABLE with the system's reason if it fails.
absl::StatusOr<Socket> Connect(const Address& address);
absl::StatusOr<Socket> Listen(const Address& address);
absl::StatusOr<Socket> Accept(const Socket& listener);

// Where `listener` listens, as HOST:PORT.
std::string LocalAddress(const Socket& listener);

}  // namespace tlsbridge::tool

#endif  // TLSBRIDGE_TOOL_SOCKET_H_
