#include "service/sidecar/listen_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/sidecar/inet_address.h"
#include "service/sidecar/socket_address.h"

namespace service {
namespace {

constexpr int kBacklog = 4096;

absl::string_view WayOut(int error) {
  switch (error) {
    case EADDRINUSE:
      return "stop the other program or choose another address";
    case EADDRNOTAVAIL:
      return "no interface of this machine has that address";
    case EACCES:
      return "grant the permission or choose another address";
    case ENOENT:
    case ENOTDIR:
      return "make the folder";
    default:
      return "choose another address";
  }
}

absl::Status CannotListen(const Endpoint& endpoint, int error) {
  const std::string text =
      absl::StrCat("cannot listen on ", endpoint.ToString(), ": ",
                   std::strerror(error), "; ", WayOut(error));
  return error == EADDRINUSE ? absl::AlreadyExistsError(text)
                             : absl::UnavailableError(text);
}

OwnedFd NewSocket(int family) {
  return OwnedFd(
      ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Whether a program accepts connections at the Unix socket.
bool SomebodyAnswers(const SocketAddress& address) {
  const OwnedFd probe = NewSocket(AF_UNIX);
  if (!probe.valid()) return true;
  if (::connect(probe.get(), address.get(), address.size) == 0) return true;
  // EAGAIN: the backlog is full. Only a refusal shows that nobody is there.
  return errno != ECONNREFUSED && errno != ENOENT;
}

// Makes the path free, if what is there is a dead socket or nothing.
absl::Status RemoveStale(const Endpoint& endpoint,
                         const SocketAddress& address) {
  struct stat found {};
  if (::lstat(endpoint.path.c_str(), &found) != 0) return absl::OkStatus();
  if (!S_ISSOCK(found.st_mode)) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", endpoint.ToString(),
        ": the file is not a socket; remove it or choose another path"));
  }
  if (SomebodyAnswers(address)) return CannotListen(endpoint, EADDRINUSE);
  ::unlink(endpoint.path.c_str());
  return absl::OkStatus();
}

uint16_t BoundPort(int fd) {
  const absl::optional<InetAddress> bound =
      InetAddress::Of(SocketAddress::OfSocket(fd));
  return bound ? bound->port : 0;
}

}  // namespace

ListenSocket::ListenSocket(OwnedFd fd, Endpoint endpoint)
    : fd_(std::move(fd)), endpoint_(std::move(endpoint)) {}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::move(other.fd_)),
      endpoint_(other.endpoint_),
      device_(std::exchange(other.device_, 0)),
      inode_(std::exchange(other.inode_, 0)) {}

ListenSocket::~ListenSocket() { Close(); }

void ListenSocket::Close() {
  if (!fd_.valid()) return;
  fd_.Close();
  struct stat found {};
  if (inode_ != 0 && ::lstat(endpoint_.path.c_str(), &found) == 0 &&
      found.st_dev == device_ && found.st_ino == inode_) {
    ::unlink(endpoint_.path.c_str());
  }
}

absl::StatusOr<ListenSocket> ListenSocket::Open(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::kUnix) return OpenUnix(endpoint);
  absl::StatusOr<std::vector<SocketAddress>> addresses =
      ResolveBlocking(endpoint);
  if (!addresses.ok()) return addresses.status();
  const SocketAddress& address = addresses->front();
  OwnedFd fd = NewSocket(address.family());
  const int on = 1;
  // Lets a restarted program listen while old connections fade away; two
  // listeners at a time still exclude each other.
  if (!fd.valid() ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::bind(fd.get(), address.get(), address.size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return CannotListen(endpoint, errno);
  }
  Endpoint bound = endpoint;
  bound.port = BoundPort(fd.get());
  return ListenSocket(std::move(fd), std::move(bound));
}

absl::StatusOr<ListenSocket> ListenSocket::OpenUnix(const Endpoint& endpoint) {
  const absl::optional<SocketAddress> address = SocketAddress::Of(endpoint);
  if (!address) return CannotListen(endpoint, ENAMETOOLONG);
  absl::Status free = RemoveStale(endpoint, *address);
  if (!free.ok()) return free;
  OwnedFd fd = NewSocket(AF_UNIX);
  if (!fd.valid() || ::bind(fd.get(), address->get(), address->size) != 0) {
    return CannotListen(endpoint, errno);
  }
  struct stat made {};
  // Before listen(): until then nobody can connect.
  if (::chmod(endpoint.path.c_str(), S_IRUSR | S_IWUSR) != 0 ||
      ::lstat(endpoint.path.c_str(), &made) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return CannotListen(endpoint, errno);
  }
  ListenSocket socket(std::move(fd), endpoint);
  socket.device_ = made.st_dev;
  socket.inode_ = made.st_ino;
  return socket;
}

}  // namespace service
