#include "service/admin/unix_socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace service {
namespace {

class UnixSocketTest : public testing::Test {
 protected:
  UnixSocketTest() {
    std::string name = testing::TempDir() + "/socketXXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~UnixSocketTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) { return folder_ + "/" + name; }

  std::string folder_;
};

mode_t ModeOf(const std::string& path) {
  struct stat info;
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode;
}

TEST_F(UnixSocketTest, ClientReachesListener) {
  auto listener = UnixListener::Create(Path("s"));
  ASSERT_TRUE(listener.ok()) << listener.status();
  auto client = ConnectUnix(Path("s"));
  ASSERT_TRUE(client.ok()) << client.status();
  UnixFd accepted(accept((*listener)->fd(), nullptr, nullptr));
  ASSERT_TRUE(accepted.valid());
  ASSERT_EQ(write(client->get(), "x", 1), 1);
  char byte = 0;
  ASSERT_EQ(read(accepted.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}

TEST_F(UnixSocketTest, TellsTheUserAtTheOtherEnd) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  UnixFd one(pair[0]);
  UnixFd other(pair[1]);
  auto user = PeerUser(one.get());
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(*user, geteuid());
}

TEST_F(UnixSocketTest, TellsNoUserOfWhatIsNoSocket) {
  UnixFd file(open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(PeerUser(file.get()).ok());
}

TEST_F(UnixSocketTest, SocketIsForItsUserAlone) {
  const mode_t before = umask(0);
  auto listener = UnixListener::Create(Path("s"));
  umask(before);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(ModeOf(Path("s")), S_IFSOCK | S_IRUSR | S_IWUSR);
}

TEST_F(UnixSocketTest, TakesLongFolder) {
  const std::string deep = Path(std::string(120, 'd'));
  ASSERT_EQ(mkdir(deep.c_str(), 0700), 0);
  auto listener = UnixListener::Create(deep + "/s");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(ConnectUnix(deep + "/s").ok());
  EXPECT_EQ(UnixListener::Create(deep + "/s").status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(UnixSocketTest, RemovesSocketAtTheEnd) {
  auto listener = UnixListener::Create(Path("s"));
  ASSERT_TRUE(listener.ok()) << listener.status();
  listener->reset();
  EXPECT_FALSE(std::filesystem::exists(Path("s")));
}

TEST_F(UnixSocketTest, LeavesWhatReplacedItsSocket) {
  auto listener = UnixListener::Create(Path("s"));
  ASSERT_TRUE(listener.ok()) << listener.status();
  ASSERT_EQ(unlink(Path("s").c_str()), 0);
  std::ofstream(Path("s")) << "another";
  listener->reset();
  EXPECT_TRUE(std::filesystem::exists(Path("s")));
}

TEST_F(UnixSocketTest, ReplacesSocketOfDeadProcess) {
  {
    UnixFd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(chdir(folder_.c_str()), 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "s");
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)),
              0);
  }
  ASSERT_TRUE(std::filesystem::exists(Path("s")));
  auto listener = UnixListener::Create(Path("s"));
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(ConnectUnix(Path("s")).ok());
}

TEST_F(UnixSocketTest, LeavesSocketOfLivingProcess) {
  auto first = UnixListener::Create(Path("s"));
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = UnixListener::Create(Path("s"));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(absl::StrContains(
      second.status().message(),
      "admin socket " + Path("s") + " is in use by another process"))
      << second.status();
  EXPECT_TRUE(ConnectUnix(Path("s")).ok());
}

TEST_F(UnixSocketTest, LeavesFileThatIsNoSocket) {
  std::ofstream(Path("s")) << "precious";
  EXPECT_EQ(UnixListener::Create(Path("s")).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(Path("s")));
}

TEST_F(UnixSocketTest, LeavesLinkToSocketElsewhere) {
  ASSERT_EQ(symlink("elsewhere", Path("s").c_str()), 0);
  EXPECT_EQ(UnixListener::Create(Path("s")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(UnixSocketTest, RefusesFolderThatOthersWrite) {
  for (mode_t mode : {0770, 0702, 01777}) {
    ASSERT_EQ(chmod(folder_.c_str(), mode), 0);
    absl::Status status = UnixListener::Create(Path("s")).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(absl::StrContains(status.message(), "chmod 700 " + folder_))
        << status;
  }
}

TEST_F(UnixSocketTest, RefusesMissingFolder) {
  EXPECT_EQ(UnixListener::Create(Path("missing/s")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(UnixSocketTest, RefusesPathWithoutUsableName) {
  for (const std::string& path :
       {std::string(), folder_ + "/", folder_ + "/.", folder_ + "/..",
        Path(std::string(81, 'n')), Path(std::string("a\0b", 3))}) {
    EXPECT_EQ(UnixListener::Create(path).status().code(),
              absl::StatusCode::kInvalidArgument)
        << path;
    EXPECT_EQ(ConnectUnix(path).status().code(),
              absl::StatusCode::kInvalidArgument)
        << path;
  }
}

TEST_F(UnixSocketTest, ClientSaysThatNobodyAnswers) {
  EXPECT_EQ(ConnectUnix(Path("s")).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(ConnectUnix(Path("missing/s")).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace service
