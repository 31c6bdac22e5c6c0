#include "tlsbridge/tool/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tlsbridge::tool {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string Text(const Address& address) {
  return absl::StrCat(address.host, ":", address.port);
}

absl::Status SystemError(absl::string_view doing) {
  return absl::UnavailableError(absl::StrCat(doing, ": ", strerror(errno)));
}

absl::StatusOr<Addresses> Resolve(const Address& address, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat(Text(address), ": ", gai_strerror(error)));
  }
  return Addresses(list);
}

Socket Open(const addrinfo& address) {
  return Socket(socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC,
                       address.ai_protocol));
}

void SendAtOnce(const Socket& socket) {
  const int on = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<Socket> Connect(const Address& address) {
  absl::StatusOr<Addresses> list = Resolve(address, 0);
  if (!list.ok()) return list.status();
  for (addrinfo* at = list->get(); at != nullptr; at = at->ai_next) {
    Socket socket = Open(*at);
    if (socket.fd() >= 0 &&
        connect(socket.fd(), at->ai_addr, at->ai_addrlen) == 0) {
      SendAtOnce(socket);
      return socket;
    }
  }
  return SystemError(absl::StrCat("connecting to ", Text(address)));
}

absl::StatusOr<Socket> Listen(const Address& address) {
  absl::StatusOr<Addresses> list = Resolve(address, AI_PASSIVE);
  if (!list.ok()) return list.status();
  for (addrinfo* at = list->get(); at != nullptr; at = at->ai_next) {
    Socket socket = Open(*at);
    const int on = 1;
    if (socket.fd() >= 0 &&
        setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
            0 &&
        bind(socket.fd(), at->ai_addr, at->ai_addrlen) == 0 &&
        listen(socket.fd(), 16) == 0) {
      return socket;
    }
  }
  return SystemError(absl::StrCat("listening at ", Text(address)));
}

absl::StatusOr<Socket> Accept(const Socket& listener) {
  for (;;) {
    Socket socket(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.fd() >= 0) {
      SendAtOnce(socket);
      return socket;
    }
    if (errno != EINTR && errno != ECONNABORTED) return SystemError("accept");
  }
}

std::string LocalAddress(const Socket& listener) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
  sockaddr* const address = reinterpret_cast<sockaddr*>(&bound);
  if (getsockname(listener.fd(), address, &size) == 0) {
    getnameinfo(address, size, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
  }
  return bound.ss_family == AF_INET6 ? absl::StrCat("[", host, "]:", port)
                                     : absl::StrCat(host, ":", port);
}

}  // namespace tlsbridge::tool
