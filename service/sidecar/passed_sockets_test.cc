#include "service/sidecar/passed_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/loopback.h"

namespace service {
namespace {

using testing::HasSubstr;

// A second descriptor of a listening socket, as its heir has one.
OwnedFd Inherited(const ListenSocket& socket) {
  return OwnedFd(::dup(socket.fd()));
}

ListenSocket MustOpen(const Endpoint& endpoint) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(endpoint);
  EXPECT_TRUE(socket.ok()) << socket.status();
  return *std::move(socket);
}

PassedSockets MustPass(OwnedFd fd, const std::string& name = "") {
  std::vector<OwnedFd> fds;
  fds.push_back(std::move(fd));
  absl::StatusOr<PassedSockets> passed =
      PassedSockets::Of(std::move(fds), {name});
  EXPECT_TRUE(passed.ok()) << passed.status();
  return *std::move(passed);
}

bool Answers(PassedSockets& passed, const Endpoint& endpoint) {
  absl::StatusOr<absl::optional<ListenSocket>> taken = passed.Take(endpoint);
  EXPECT_TRUE(taken.ok()) << taken.status();
  if (!taken->has_value()) return false;
  const TestStream client = TestStream::Connect(endpoint);
  const OwnedFd server(::accept((*taken)->fd(), nullptr, nullptr));
  return server.valid();
}

TEST(PassedSocketsTest, IsKnownByItsTcpAddress) {
  const ListenSocket opened = MustOpen(AnyPort());
  const ListenSocket other = MustOpen(AnyPort());
  PassedSockets passed = MustPass(Inherited(opened));
  EXPECT_FALSE(Answers(passed, other.endpoint()));
  EXPECT_TRUE(Answers(passed, opened.endpoint()));
}

TEST(PassedSocketsTest, IsKnownByAHostName) {
  const ListenSocket opened = MustOpen(AnyPort());
  Endpoint named = opened.endpoint();
  named.host = "localhost";
  PassedSockets passed = MustPass(Inherited(opened));
  absl::StatusOr<absl::optional<ListenSocket>> taken = passed.Take(named);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_TRUE(taken->has_value());
}

TEST(PassedSocketsTest, AnotherAddressWithTheSamePortIsAnother) {
  const ListenSocket opened = MustOpen(AnyPort());
  Endpoint every = opened.endpoint();
  every.host = "0.0.0.0";
  PassedSockets passed = MustPass(Inherited(opened));
  EXPECT_FALSE(Answers(passed, every));
}

TEST(PassedSocketsTest, IsHandedOutOnce) {
  const ListenSocket opened = MustOpen(AnyPort());
  PassedSockets passed = MustPass(Inherited(opened));
  EXPECT_TRUE(Answers(passed, opened.endpoint()));
  EXPECT_FALSE(Answers(passed, opened.endpoint()));
}

TEST(PassedSocketsTest, IsKnownByItsUnixPathAndLeavesTheFile) {
  const SocketFolder folder;
  const ListenSocket opened = MustOpen(folder.At("s"));
  PassedSockets passed = MustPass(Inherited(opened));
  // Another way to the same file.
  Endpoint detour = folder.At("./s");
  EXPECT_FALSE(Answers(passed, folder.At("other")));
  EXPECT_TRUE(Answers(passed, detour));
  // What Take() had handed out is closed by now.
  struct stat found {};
  EXPECT_EQ(::lstat(folder.PathOf("s").c_str(), &found), 0);
}

TEST(PassedSocketsTest, DoesNotBlockAndIsNotInherited) {
  const ListenSocket opened = MustOpen(AnyPort());
  OwnedFd fd = Inherited(opened);
  const int number = fd.get();
  ASSERT_EQ(::fcntl(number, F_SETFL, 0), 0);
  ASSERT_EQ(::fcntl(number, F_SETFD, 0), 0);
  const PassedSockets passed = MustPass(std::move(fd));
  EXPECT_TRUE((::fcntl(number, F_GETFL) & O_NONBLOCK) != 0);
  EXPECT_TRUE((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST(PassedSocketsTest, OneThatNobodyTakesIsNamed) {
  const ListenSocket opened = MustOpen(AnyPort());
  PassedSockets passed = MustPass(Inherited(opened), "web");
  const absl::Status left = passed.CheckAllTaken("do this");
  EXPECT_TRUE(absl::IsInvalidArgument(left)) << left;
  EXPECT_THAT(left.message(), HasSubstr("(web)"));
  EXPECT_THAT(left.message(), HasSubstr(opened.endpoint().ToString()));
  EXPECT_THAT(left.message(), HasSubstr("do this"));
  EXPECT_TRUE(Answers(passed, opened.endpoint()));
  EXPECT_TRUE(passed.CheckAllTaken("do this").ok());
}

TEST(PassedSocketsTest, WhatDoesNotListenIsRefused) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    std::vector<OwnedFd> fds;
    fds.emplace_back(::socket(AF_INET, type, 0));
    const absl::Status status = PassedSockets::Of(std::move(fds), {}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("Accept=no"));
  }
  std::vector<OwnedFd> fds;
  fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(PassedSockets::Of(std::move(fds), {}).ok());
}

class PassedSocketsVariablesTest : public testing::Test {
 protected:
  void Set(const std::string& pid, const std::string& fds) {
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", fds.c_str(), 1);
    ::setenv("LISTEN_FDNAMES", "", 1);
  }
  ~PassedSocketsVariablesTest() override {
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      EXPECT_EQ(std::getenv(name), nullptr) << name;
    }
  }
};

TEST_F(PassedSocketsVariablesTest, WithoutThemThereIsNone) {
  absl::StatusOr<PassedSockets> passed = PassedSockets::FromEnvironment();
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_TRUE(passed->CheckAllTaken("").ok());
}

TEST_F(PassedSocketsVariablesTest, ThoseOfAnotherProcessAreLeftAlone) {
  // Descriptor 3 would not do: it is no socket of ours.
  Set(std::to_string(::getppid()), "1");
  absl::StatusOr<PassedSockets> passed = PassedSockets::FromEnvironment();
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_TRUE(passed->CheckAllTaken("").ok());
}

TEST_F(PassedSocketsVariablesTest, ABadNumberIsNamed) {
  for (const char* number : {"many", "-1", "1000000"}) {
    Set(std::to_string(::getpid()), number);
    const absl::Status status = PassedSockets::FromEnvironment().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(number));
  }
}

}  // namespace
}  // namespace service
