#include "service/sidecar/dialer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/loopback.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/socket_address.h"

namespace service {
namespace {

using testing::HasSubstr;

// Runs the event loop on the test's thread: the worker has none of its own.
class DialerTest : public testing::Test {
 protected:
  absl::StatusOr<StreamSocket> Dial(
      const Endpoint& endpoint, absl::Duration timeout = absl::Seconds(30)) {
    absl::optional<absl::StatusOr<StreamSocket>> result;
    bool inside_start = true;
    dialer_->Start(endpoint, timeout, dialer_,
                   [&result, &inside_start](absl::StatusOr<StreamSocket> got) {
                     EXPECT_FALSE(inside_start);
                     result.emplace(std::move(got));
                   });
    inside_start = false;
    while (!result) worker_.io().run_one();
    return *std::move(result);
  }

  Worker worker_;
  const std::shared_ptr<Dialer> dialer_ = std::make_shared<Dialer>(worker_);
};

TEST_F(DialerTest, Connects) {
  TestServer server;
  absl::StatusOr<StreamSocket> socket = Dial(server.endpoint());
  ASSERT_TRUE(socket.ok()) << socket.status();
  TestStream accepted = server.Accept();
  ASSERT_TRUE(accepted.Send("x"));
  bool readable = false;
  socket->WaitReadable([&readable] { readable = true; });
  while (!readable) worker_.io().run_one();
  uint8_t byte = 0;
  EXPECT_EQ(socket->Read(absl::MakeSpan(&byte, 1)).size, 1u);
  EXPECT_EQ(byte, 'x');
}

TEST_F(DialerTest, ConnectsToAHostName) {
  TestServer server;
  Endpoint named = server.endpoint();
  named.host = "localhost";
  absl::StatusOr<StreamSocket> socket = Dial(named);
  EXPECT_TRUE(socket.ok()) << socket.status();
}

TEST_F(DialerTest, ConnectsAgain) {
  TestServer server;
  ASSERT_FALSE(Dial(DeadEndpoint()).ok());
  EXPECT_TRUE(Dial(server.endpoint()).ok());
  EXPECT_TRUE(Dial(server.endpoint()).ok());
}

TEST_F(DialerTest, DeadAddressIsUnavailable) {
  const Endpoint dead = DeadEndpoint();
  const absl::Status status = Dial(dead).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(dead.ToString()));
}

TEST_F(DialerTest, MissingUnixSocketIsUnavailable) {
  const absl::Status status =
      Dial(Endpoint::Parse("unix:/nonexistent/socket").value()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

TEST_F(DialerTest, UnknownHostIsUnavailable) {
  // RFC 6761: .invalid has no addresses.
  const absl::Status status =
      Dial(Endpoint::Parse("nobody.invalid:1").value()).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("nobody.invalid"));
}

TEST_F(DialerTest, CancelledCallsNobody) {
  TestServer server;
  bool called = false;
  dialer_->Start(server.endpoint(), absl::Seconds(30), dialer_,
                 [&called](absl::StatusOr<StreamSocket>) { called = true; });
  dialer_->Cancel();
  bool flushed = false;
  worker_.Post([&flushed] { flushed = true; });
  while (!flushed) worker_.io().run_one();
  worker_.io().poll();
  EXPECT_FALSE(called);
}

// A Unix socket whose backlog is full: connecting to it gets no answer.
class FullUnixServer {
 public:
  FullUnixServer() {
    const SocketAddress address = SocketAddress::Of(endpoint_).value();
    fd_ = OwnedFd(::socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(fd_.get(), address.get(), address.size), 0);
    EXPECT_EQ(::listen(fd_.get(), 0), 0);
    while (true) {
      OwnedFd caller(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
      if (::connect(caller.get(), address.get(), address.size) != 0) break;
      callers_.push_back(std::move(caller));
    }
    EXPECT_EQ(errno, EAGAIN);
  }
  const Endpoint& endpoint() const { return endpoint_; }
  OwnedFd Accept() { return OwnedFd(::accept(fd_.get(), nullptr, nullptr)); }

 private:
  const SocketFolder folder_;
  const Endpoint endpoint_ = folder_.At("s");
  OwnedFd fd_;
  std::vector<OwnedFd> callers_;
};

TEST_F(DialerTest, SilentAddressIsGivenUp) {
  FullUnixServer server;
  const absl::Status status =
      Dial(server.endpoint(), absl::Milliseconds(30)).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

TEST_F(DialerTest, WaitsForAPlaceInTheBacklog) {
  FullUnixServer server;
  Alarm later(worker_.clock());
  std::vector<OwnedFd> accepted;
  later.Set(absl::Milliseconds(30),
            [&] { accepted.push_back(server.Accept()); });
  EXPECT_TRUE(Dial(server.endpoint(), absl::Seconds(60)).ok());
}

}  // namespace
}  // namespace service
