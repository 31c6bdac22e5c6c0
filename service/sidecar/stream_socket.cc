#include "service/sidecar/stream_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace service {
namespace {

IoResult Failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {IoState::kWouldBlock};
  return {IoState::kFailed, 0, error};
}

}  // namespace

StreamSocket::StreamSocket(asio::io_context& io, OwnedFd fd) : descriptor_(io) {
  asio::error_code error;
  descriptor_.assign(fd.get(), error);
  if (!error) fd.Release();
}

IoResult StreamSocket::Read(absl::Span<uint8_t> out) {
  ssize_t size;
  do {
    size = ::recv(fd(), out.data(), out.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Failed(errno);
  if (size == 0) return {IoState::kEnd};
  return {IoState::kMoved, static_cast<size_t>(size)};
}

IoResult StreamSocket::Write(absl::Span<const uint8_t> bytes, Next next) {
  const int flags = MSG_NOSIGNAL | (next == Next::kEnd ? MSG_MORE : 0);
  ssize_t size;
  do {
    size = ::send(fd(), bytes.data(), bytes.size(), flags);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Failed(errno);
  return {IoState::kMoved, static_cast<size_t>(size)};
}

OwnedFd StreamSocket::Release() {
  return OwnedFd(is_open() ? descriptor_.release() : -1);
}

void StreamSocket::ShutdownWrite() { ::shutdown(fd(), SHUT_WR); }

void StreamSocket::Close() {
  asio::error_code ignored;
  descriptor_.close(ignored);
}

void StreamSocket::Reset() {
  if (!is_open()) return;
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  Close();
}

void TuneTcp(int fd) {
  const int on = 1;
  // Fails on a Unix socket.
  if (::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  }
}

}  // namespace service
