#include "service/admin/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace service {
namespace {

constexpr int kBacklog = 64;

// With a descriptor's path in front it fits into a sockaddr_un.
constexpr size_t kLongestName = 80;

// A path taken apart, with its folder open: what is checked there is what is
// used later, whoever renames what.
struct Place {
  UnixFd folder;
  std::string folder_path;
  std::string name;
};

std::string ErrnoText(int error) { return std::strerror(error); }

absl::StatusOr<Place> OpenFolder(absl::string_view path) {
  Place place;
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) {
    place.folder_path = ".";
    place.name = std::string(path);
  } else {
    place.folder_path = slash == 0 ? "/" : std::string(path.substr(0, slash));
    place.name = std::string(path.substr(slash + 1));
  }
  if (place.name.empty() || place.name == "." || place.name == ".." ||
      absl::StrContains(path, absl::string_view("\0", 1))) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", path, "\" does not name a socket in a folder"));
  }
  if (place.name.size() > kLongestName) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the file name of a socket has at most ",
                     kLongestName, " characters"));
  }
  place.folder =
      UnixFd(open(place.folder_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (place.folder.valid()) return place;
  const int error = errno;
  std::string text =
      absl::StrCat("the folder ", place.folder_path, ": ", ErrnoText(error));
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::FailedPreconditionError(text);
}

// The address of the socket. sockaddr_un has room for 107 characters; what is
// longer is reached through the open folder.
sockaddr_un AddressOf(const Place& place) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::string path = absl::StrCat(place.folder_path, "/", place.name);
  if (path.size() >= sizeof(address.sun_path)) {
    path =
        absl::StrFormat("/proc/self/fd/%d/%s", place.folder.get(), place.name);
  }
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

absl::Status CheckFolder(const Place& place) {
  struct stat info;
  if (fstat(place.folder.get(), &info) != 0) {
    return absl::UnavailableError(
        absl::StrCat(place.folder_path, ": ", ErrnoText(errno)));
  }
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the folder ", place.folder_path,
        " belongs to another user, who could replace the admin socket; choose "
        "a folder of this user"));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("others may write to the folder ", place.folder_path,
                     " and could replace the admin socket; run: chmod 700 ",
                     place.folder_path));
  }
  return absl::OkStatus();
}

absl::StatusOr<UnixFd> NewSocket(int flags) {
  UnixFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (fd.valid()) return fd;
  return absl::UnavailableError(absl::StrCat("socket: ", ErrnoText(errno)));
}

int ConnectTo(const UnixFd& socket, const sockaddr_un& address) {
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0) {
    return 0;
  }
  return errno;
}

// Removes a socket behind which nobody is.
absl::Status RemoveStale(const Place& place, const sockaddr_un& address,
                         absl::string_view path) {
  struct stat info;
  if (fstatat(place.folder.get(), place.name.c_str(), &info,
              AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(path, ": ", ErrnoText(errno)));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        " is there and is not a socket; move it away or choose another "
        "admin socket"));
  }
  absl::StatusOr<UnixFd> probe = NewSocket(SOCK_NONBLOCK);
  if (!probe.ok()) return probe.status();
  if (ConnectTo(*probe, address) != ECONNREFUSED) {
    return absl::AlreadyExistsError(
        absl::StrCat("admin socket ", path,
                     " is in use by another process; stop it or "
                     "choose another admin socket"));
  }
  if (unlinkat(place.folder.get(), place.name.c_str(), 0) != 0) {
    return absl::UnavailableError(absl::StrCat(path, ": ", ErrnoText(errno)));
  }
  return absl::OkStatus();
}

}  // namespace

void UnixFd::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Create(
    absl::string_view path) {
  absl::StatusOr<Place> place = OpenFolder(path);
  if (!place.ok()) return place.status();
  absl::Status status = CheckFolder(*place);
  const sockaddr_un address = AddressOf(*place);
  if (status.ok()) status = RemoveStale(*place, address, path);
  if (!status.ok()) return status;
  absl::StatusOr<UnixFd> socket = NewSocket(SOCK_NONBLOCK);
  if (!socket.ok()) return socket.status();
  // Linux gives the file that bind() makes the mode of the descriptor: there
  // is no moment in which others could connect, and no process-wide umask to
  // change under other threads.
  if (fchmod(socket->get(), S_IRUSR | S_IWUSR) != 0 ||
      bind(socket->get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0) {
    return absl::UnavailableError(
        absl::StrCat("admin socket ", path, ": ", ErrnoText(errno)));
  }
  auto listener = std::unique_ptr<UnixListener>(new UnixListener(
      std::move(place->folder), std::move(place->name), *std::move(socket)));
  if (listen(listener->fd(), kBacklog) != 0) {
    return absl::UnavailableError(
        absl::StrCat("admin socket ", path, ": ", ErrnoText(errno)));
  }
  return listener;
}

UnixListener::UnixListener(UnixFd folder, std::string name, UnixFd socket)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      socket_(std::move(socket)) {
  struct stat info;
  if (fstatat(folder_.get(), name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    device_ = info.st_dev;
    inode_ = info.st_ino;
  }
}

UnixListener::~UnixListener() {
  struct stat info;
  if (fstatat(folder_.get(), name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      info.st_dev == device_ && info.st_ino == inode_) {
    unlinkat(folder_.get(), name_.c_str(), 0);
  }
}

absl::StatusOr<UnixFd> ConnectUnix(absl::string_view path) {
  absl::StatusOr<Place> place = OpenFolder(path);
  if (!place.ok()) {
    // To a client a missing folder is a missing daemon.
    if (absl::IsFailedPrecondition(place.status())) {
      return absl::UnavailableError(place.status().message());
    }
    return place.status();
  }
  absl::StatusOr<UnixFd> socket = NewSocket(0);
  if (!socket.ok()) return socket.status();
  const int error = ConnectTo(*socket, AddressOf(*place));
  if (error == 0) return socket;
  std::string text = absl::StrCat(path, ": ", ErrnoText(error));
  if (error == EACCES || error == EPERM) {
    return absl::PermissionDeniedError(text);
  }
  return absl::UnavailableError(text);
}

absl::StatusOr<uid_t> PeerUser(int fd) {
  ucred credentials;
  socklen_t size = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return absl::UnavailableError(
        absl::StrCat("SO_PEERCRED: ", ErrnoText(errno)));
  }
  return credentials.uid;
}

}  // namespace service
