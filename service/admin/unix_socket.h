#ifndef SERVICE_ADMIN_UNIX_SOCKET_H_
#define SERVICE_ADMIN_UNIX_SOCKET_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace service {

// Owns one file descriptor, or none. Closes it. Thread-compatible.
class UnixFd {
 public:
  UnixFd() = default;
  explicit UnixFd(int fd) : fd_(fd) {}
  UnixFd(UnixFd&& other) noexcept : fd_(other.Release()) {}
  UnixFd& operator=(UnixFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~UnixFd() { Reset(-1); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // The descriptor, which the caller now owns.
  int Release() { return std::exchange(fd_, -1); }

 private:
  void Reset(int fd);

  int fd_ = -1;
};

// A Unix socket on which only its user may knock: the folder is not writable
// for anybody else, and the socket has mode 0600. Removes the socket when it
// is destroyed, if it is still the one it made. Thread-compatible.
class UnixListener {
 public:
  // Listens on `path`, of any length. A socket that a dead process left there
  // is replaced. The caller must make sure, by a lock on its state, that two
  // processes do not do this at the same time.
  //
  // Returns ALREADY_EXISTS if a living process answers there;
  // FAILED_PRECONDITION if the folder is missing or others may write to it, or
  // if something else than a socket is there; INVALID_ARGUMENT if `path` has
  // no file name; UNAVAILABLE for what else the system refuses.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Create(
      absl::string_view path);

  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;
  ~UnixListener();

  // Not blocking; for poll() and accept().
  int fd() const { return socket_.get(); }

 private:
  UnixListener(UnixFd folder, std::string name, UnixFd socket);

  const UnixFd folder_;
  const std::string name_;  // of the socket in its folder
  const UnixFd socket_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Connects to the Unix socket at `path`, of any length. Returns UNAVAILABLE if
// nobody answers there, PERMISSION_DENIED if this user may not connect,
// INVALID_ARGUMENT if `path` has no file name.
absl::StatusOr<UnixFd> ConnectUnix(absl::string_view path);

// The user at the other end of a connected Unix socket.
absl::StatusOr<uid_t> PeerUser(int fd);

}  // namespace service

#endif  // SERVICE_ADMIN_UNIX_SOCKET_H_
