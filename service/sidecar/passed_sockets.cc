#include "service/sidecar/passed_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/base/environment.h"
#include "service/sidecar/inet_address.h"

namespace service {
namespace {

// Where passed descriptors begin, behind standard error.
constexpr int kFirstFd = 3;
// More than any configuration listens on.
constexpr int kMostFds = 10'000;

int IntOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) return -1;
  return value;
}

// The address of a listening stream socket; nothing if it is something else.
absl::optional<SocketAddress> ListenAddress(int fd) {
  if (IntOption(fd, SO_TYPE) != SOCK_STREAM ||
      IntOption(fd, SO_ACCEPTCONN) != 1) {
    return absl::nullopt;
  }
  const SocketAddress address = SocketAddress::OfSocket(fd);
  if (address.family() != AF_UNIX && !InetAddress::Of(address)) {
    return absl::nullopt;
  }
  return address;
}

std::string PathOf(const SocketAddress& address) {
  const char* const path =
      reinterpret_cast<const sockaddr_un*>(address.get())->sun_path;
  const size_t size = address.size - offsetof(sockaddr_un, sun_path);
  // An abstract name begins with a zero byte, and is no path.
  return std::string(path, ::strnlen(path, size));
}

std::string TextOf(const SocketAddress& address) {
  const absl::optional<InetAddress> inet = InetAddress::Of(address);
  return inet ? inet->ToString() : absl::StrCat("unix:", PathOf(address));
}

// Whether two paths lead to the same socket: one of them may be relative.
bool SameFile(const std::string& a, const std::string& b) {
  struct stat one {};
  struct stat other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 &&
         S_ISSOCK(one.st_mode) && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

bool SamePlace(const SocketAddress& a, const SocketAddress& b) {
  if (a.family() != b.family()) return false;
  if (a.family() == AF_UNIX) {
    const std::string path = PathOf(a);
    return !path.empty() && SameFile(path, PathOf(b));
  }
  return InetAddress::Of(a) == InetAddress::Of(b);
}

}  // namespace

absl::StatusOr<PassedSockets> PassedSockets::FromEnvironment() {
  const std::string pid = TakeVariable("LISTEN_PID");
  const std::string count = TakeVariable("LISTEN_FDS");
  const std::string names = TakeVariable("LISTEN_FDNAMES");
  // The variables of a parent are not for us.
  if (count.empty() || pid != absl::StrCat(::getpid())) return PassedSockets();
  int number = 0;
  if (!absl::SimpleAtoi(count, &number) || number < 0 || number > kMostFds) {
    return absl::InvalidArgumentError(absl::StrCat(
        "LISTEN_FDS is '", count, "', not a number of sockets; unset it"));
  }
  std::vector<OwnedFd> fds;
  for (int i = 0; i < number; ++i) fds.emplace_back(kFirstFd + i);
  return Of(std::move(fds), absl::StrSplit(names, ':'));
}

absl::StatusOr<PassedSockets> PassedSockets::Of(
    std::vector<OwnedFd> fds, const std::vector<std::string>& names) {
  PassedSockets passed;
  for (size_t i = 0; i < fds.size(); ++i) {
    const int fd = fds[i].get();
    std::string name = absl::StrCat("passed socket ", fd);
    if (i < names.size() && !names[i].empty()) {
      absl::StrAppend(&name, " (", names[i], ")");
    }
    const absl::optional<SocketAddress> address = ListenAddress(fd);
    if (!address) {
      return absl::InvalidArgumentError(
          absl::StrCat(name,
                       " is no listening stream socket; use ListenStream= "
                       "with Accept=no"));
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    passed.sockets_.push_back({std::move(fds[i]), *address, std::move(name)});
  }
  return passed;
}

absl::StatusOr<absl::optional<ListenSocket>> PassedSockets::Take(
    const Endpoint& endpoint) {
  absl::optional<ListenSocket> taken;
  if (sockets_.empty()) return taken;
  absl::StatusOr<std::vector<SocketAddress>> addresses =
      ResolveBlocking(endpoint);
  if (!addresses.ok()) return addresses.status();
  for (const SocketAddress& address : *addresses) {
    const auto found = std::find_if(sockets_.begin(), sockets_.end(),
                                    [&address](const Socket& socket) {
                                      return SamePlace(socket.address, address);
                                    });
    if (found == sockets_.end()) continue;
    taken.emplace(ListenSocket::Adopt(std::move(found->fd), endpoint));
    sockets_.erase(found);
    break;
  }
  return taken;
}

absl::Status PassedSockets::CheckAllTaken(absl::string_view way_out) const {
  if (sockets_.empty()) return absl::OkStatus();
  const Socket& left = sockets_.front();
  return absl::InvalidArgumentError(
      absl::StrCat(left.name, " listens on ", TextOf(left.address),
                   ", which nothing in the configuration uses; ", way_out));
}

}  // namespace service
