#include "service/sidecar/loopback.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "service/sidecar/socket_address.h"

namespace service {
namespace {

constexpr int kPatienceMillis = 60'000;

// A stream that has taken nothing for so long takes no more.
constexpr int kStuckMillis = 500;

[[noreturn]] void Die(absl::string_view what) {
  std::perror(std::string(what).c_str());
  std::abort();
}

ListenSocket MustListen(const Endpoint& endpoint) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(endpoint);
  if (!socket.ok()) Die(socket.status().message());
  return *std::move(socket);
}

bool AwaitReadable(int fd, int millis) {
  pollfd entry = {fd, POLLIN, 0};
  return ::poll(&entry, 1, millis) > 0;
}

}  // namespace

TestStream::TestStream(OwnedFd fd) : fd_(std::move(fd)) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  ::fcntl(fd_.get(), F_SETFL, flags & ~O_NONBLOCK);
  const timeval patience = {.tv_sec = kPatienceMillis / 1000, .tv_usec = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

TestStream TestStream::Connect(const Endpoint& endpoint) {
  const absl::optional<SocketAddress> address = SocketAddress::Of(endpoint);
  OwnedFd fd(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), address->get(), address->size) != 0) {
    Die("connect " + endpoint.ToString());
  }
  return TestStream(std::move(fd));
}

TestStream TestStream::Connect(absl::string_view endpoint) {
  return Connect(Endpoint::Parse(endpoint).value());
}

bool TestStream::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      reset_ = errno == ECONNRESET;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

size_t TestStream::SendUntilStuck(size_t most) {
  const std::string chunk(65536, 'x');
  size_t total = 0;
  pollfd entry = {fd_.get(), POLLOUT, 0};
  while (total<most&& ::poll(&entry, 1, kStuckMillis)> 0) {
    const ssize_t sent = ::send(fd_.get(), chunk.data(), chunk.size(),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) total += static_cast<size_t>(sent);
  }
  return total;
}

std::string TestStream::Read(size_t size) {
  std::string bytes(size, '\0');
  size_t have = 0;
  while (have < size) {
    const ssize_t got = ::recv(fd_.get(), &bytes[have], size - have, 0);
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

std::string TestStream::ReadSome() {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  return got > 0 ? std::string(buffer.data(), static_cast<size_t>(got)) : "";
}

StreamRest TestStream::ReadToEnd() {
  StreamRest rest;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got == 0) {
      if (reset_) rest.end = StreamEnd::kReset;
      return rest;
    }
    if (got < 0) {
      rest.end = errno == ECONNRESET || errno == EPIPE
                     ? StreamEnd::kReset
                     : StreamEnd::kNothingCame;
      return rest;
    }
    rest.bytes.append(buffer.data(), static_cast<size_t>(got));
  }
}

void TestStream::ShutdownWrite() { ::shutdown(fd_.get(), SHUT_WR); }

void TestStream::Reset() {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  fd_.Close();
}

SocketFolder::SocketFolder() : path_("/tmp/skex-test-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) Die("mkdtemp");
}

SocketFolder::~SocketFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string SocketFolder::PathOf(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

Endpoint SocketFolder::At(absl::string_view name) const {
  return Endpoint::Parse(absl::StrCat("unix:", PathOf(name))).value();
}

TestServer::TestServer() : TestServer(AnyPort()) {}

TestServer::TestServer(const Endpoint& endpoint)
    : socket_(MustListen(endpoint)) {}

TestStream TestServer::Accept() {
  if (!AwaitReadable(socket_.fd(), kPatienceMillis)) Die("nobody connected");
  OwnedFd fd(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.valid()) Die("accept");
  return TestStream(std::move(fd));
}

bool TestServer::HasCaller() const { return AwaitReadable(socket_.fd(), 0); }

Endpoint DeadEndpoint() { return TestServer().endpoint(); }

Endpoint AnyPort() { return Endpoint::Parse("127.0.0.1:0").value(); }

std::string RandomBytes(size_t size, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    const uint64_t word = generator();
    std::memcpy(&bytes[i], &word, std::min(sizeof(word), size - i));
  }
  return bytes;
}

}  // namespace service
