#include "service/sidecar/listen_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/loopback.h"

namespace service {
namespace {

using testing::HasSubstr;

class ListenSocketTest : public testing::Test {
 protected:
  Endpoint UnixEndpoint() const { return folder_.At("s"); }
  bool FileExists() const {
    struct stat found {};
    return ::lstat(path_.c_str(), &found) == 0;
  }

  const SocketFolder folder_;
  const std::string path_ = folder_.PathOf("s");
};

TEST_F(ListenSocketTest, ReportsThePortThatTheSystemChose) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(AnyPort());
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_NE(socket->endpoint().port, 0);
  EXPECT_EQ(socket->endpoint().host, "127.0.0.1");
  TestStream::Connect(socket->endpoint());
}

TEST_F(ListenSocketTest, ListensOnIpv6) {
  absl::StatusOr<ListenSocket> socket =
      ListenSocket::Open(Endpoint::Parse("[::1]:0").value());
  if (absl::IsUnavailable(socket.status())) {
    // A machine without IPv6 says so.
    EXPECT_THAT(socket.status().message(), HasSubstr("[::1]:0"));
    return;
  }
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_NE(socket->endpoint().port, 0);
  TestStream::Connect(socket->endpoint());
}

TEST_F(ListenSocketTest, ListensOnAHostName) {
  absl::StatusOr<ListenSocket> socket =
      ListenSocket::Open(Endpoint::Parse("localhost:0").value());
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_NE(socket->endpoint().port, 0);
}

TEST_F(ListenSocketTest, TakenPortIsNamedWithTheWayOut) {
  absl::StatusOr<ListenSocket> first = ListenSocket::Open(AnyPort());
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = ListenSocket::Open(first->endpoint()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(second)) << second;
  EXPECT_THAT(second.message(), HasSubstr(first->endpoint().ToString()));
  EXPECT_THAT(second.message(), HasSubstr("choose another address"));
}

TEST_F(ListenSocketTest, ForeignAddressIsRefused) {
  // 192.0.2.0/24 is for documentation; no machine has it.
  const absl::Status status =
      ListenSocket::Open(Endpoint::Parse("192.0.2.1:0").value()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("no interface"));
}

TEST_F(ListenSocketTest, UnixSocketIsForItsOwnerOnly) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(UnixEndpoint());
  ASSERT_TRUE(socket.ok()) << socket.status();
  struct stat made {};
  ASSERT_EQ(::lstat(path_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777, 0600u);
  TestStream::Connect(UnixEndpoint());
}

TEST_F(ListenSocketTest, UnixSocketGoesWithItsFile) {
  {
    absl::StatusOr<ListenSocket> socket = ListenSocket::Open(UnixEndpoint());
    ASSERT_TRUE(socket.ok()) << socket.status();
    ASSERT_TRUE(FileExists());
  }
  EXPECT_FALSE(FileExists());
}

TEST_F(ListenSocketTest, MovedSocketKeepsItsFile) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(UnixEndpoint());
  ASSERT_TRUE(socket.ok()) << socket.status();
  {
    const ListenSocket moved = *std::move(socket);
    EXPECT_TRUE(FileExists());
  }
  EXPECT_FALSE(FileExists());
}

TEST_F(ListenSocketTest, LeavesTheFileThatAnotherProgramPutThere) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(UnixEndpoint());
  ASSERT_TRUE(socket.ok()) << socket.status();
  // Both exist for a moment, so that they cannot share an inode number.
  const std::string other = path_ + ".new";
  std::ofstream(other) << "not ours";
  ASSERT_EQ(::rename(other.c_str(), path_.c_str()), 0);
  socket->Close();
  EXPECT_TRUE(FileExists());
}

TEST_F(ListenSocketTest, ReplacesTheSocketOfADeadProgram) {
  absl::StatusOr<ListenSocket> dead = ListenSocket::Open(UnixEndpoint());
  ASSERT_TRUE(dead.ok()) << dead.status();
  // A hard link keeps the file when the first one is gone.
  const std::string kept = path_ + ".kept";
  ASSERT_EQ(::link(path_.c_str(), kept.c_str()), 0);
  dead->Close();
  ASSERT_EQ(::rename(kept.c_str(), path_.c_str()), 0);
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(UnixEndpoint());
  ASSERT_TRUE(socket.ok()) << socket.status();
  TestStream::Connect(UnixEndpoint());
}

TEST_F(ListenSocketTest, LeavesTheSocketOfALivingProgram) {
  absl::StatusOr<ListenSocket> living = ListenSocket::Open(UnixEndpoint());
  ASSERT_TRUE(living.ok()) << living.status();
  const absl::Status status = ListenSocket::Open(UnixEndpoint()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(path_));
  TestStream::Connect(UnixEndpoint());
}

TEST_F(ListenSocketTest, LeavesAFileThatIsNoSocket) {
  std::ofstream(path_) << "precious";
  const absl::Status status = ListenSocket::Open(UnixEndpoint()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("not a socket"));
  EXPECT_TRUE(FileExists());
}

TEST_F(ListenSocketTest, MissingFolderIsNamed) {
  const Endpoint endpoint = folder_.At("no/such/s");
  const absl::Status status = ListenSocket::Open(endpoint).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("make the folder"));
}

}  // namespace
}  // namespace service
