#include "service/sidecar/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace service {
namespace {

template <class Sockaddr>
SocketAddress FromStruct(const Sockaddr& address) {
  return SocketAddress::Copy(reinterpret_cast<const sockaddr*>(&address),
                             sizeof(address));
}

absl::optional<SocketAddress> OfUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return absl::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return SocketAddress::Copy(
      reinterpret_cast<const sockaddr*>(&address),
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() +
                             1));
}

}  // namespace

SocketAddress SocketAddress::Copy(const sockaddr* address, socklen_t size) {
  SocketAddress copy;
  std::memcpy(&copy.storage, address, size);
  copy.size = size;
  return copy;
}

SocketAddress SocketAddress::OfSocket(int fd) {
  SocketAddress own;
  socklen_t size = sizeof(own.storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own.storage), &size) ==
      0) {
    own.size = size;
  }
  return own;
}

absl::optional<SocketAddress> SocketAddress::Of(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::kUnix) return OfUnix(endpoint.path);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(endpoint.port);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &v4.sin_addr) == 1) {
    return FromStruct(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  if (inet_pton(AF_INET6, endpoint.host.c_str(), &v6.sin6_addr) == 1) {
    return FromStruct(v6);
  }
  return absl::nullopt;
}

absl::StatusOr<std::vector<SocketAddress>> ResolveBlocking(
    const Endpoint& endpoint) {
  if (absl::optional<SocketAddress> known = SocketAddress::Of(endpoint)) {
    return std::vector<SocketAddress>{*known};
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(endpoint.host.c_str(), absl::StrCat(endpoint.port).c_str(),
                  &hints, &list);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat(
        "no address for '", endpoint.host, "': ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list,
                                                             &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(SocketAddress::Copy(entry->ai_addr, entry->ai_addrlen));
  }
  return addresses;
}

}  // namespace service
