#ifndef SERVICE_SIDECAR_SOCKET_ADDRESS_H_
#define SERVICE_SIDECAR_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "service/config/endpoint.h"

namespace service {

// An address as the kernel takes it. A plain value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }

  // Copies `size` bytes from `address`.
  static SocketAddress Copy(const sockaddr* address, socklen_t size);

  // The address of this end of the socket `fd`; of no family if there is none.
  static SocketAddress OfSocket(int fd);

  // The address of `endpoint`, without asking a resolver: nothing if its host
  // is a name.
  static absl::optional<SocketAddress> Of(const Endpoint& endpoint);
};

// All addresses of `endpoint`. Asks the resolver for a host name and may
// block on it. Returns UNAVAILABLE with the name if there is no address.
absl::StatusOr<std::vector<SocketAddress>> ResolveBlocking(
    const Endpoint& endpoint);

}  // namespace service

#endif  // SERVICE_SIDECAR_SOCKET_ADDRESS_H_
