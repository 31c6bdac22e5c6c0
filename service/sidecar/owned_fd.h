#ifndef SERVICE_SIDECAR_OWNED_FD_H_
#define SERVICE_SIDECAR_OWNED_FD_H_

#include <unistd.h>

#include <utility>

namespace service {

// OwnedFd closes its file descriptor unless it is taken out. Move-only.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.Release();
    }
    return *this;
  }
  ~OwnedFd() { Close(); }

  // Negative if there is none.
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // The caller closes it from now on.
  int Release() { return std::exchange(fd_, -1); }

  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_OWNED_FD_H_
