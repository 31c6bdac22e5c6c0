#include "service/app/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/monotonic_time.h"

namespace service {
namespace {

using testing::HasSubstr;

// The service manager's end: a real socket with an abstract name, or with a
// path if one is given.
class Manager {
 public:
  explicit Manager(const std::string& path = "")
      : path_(path), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.size(), sizeof(address.sun_path));
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    socklen_t size = offsetof(sockaddr_un, sun_path);
    // Without a name the kernel chooses an abstract one.
    if (!path.empty()) size += static_cast<socklen_t>(path.size()) + 1;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    const timeval patience = {.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Manager() {
    ::close(fd_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  // As $NOTIFY_SOCKET has it.
  std::string name() const {
    sockaddr_un address{};
    socklen_t size = sizeof(address);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    if (address.sun_path[0] != '\0') return address.sun_path;
    return absl::StrCat(
        "@", std::string(address.sun_path + 1,
                         size - offsetof(sockaddr_un, sun_path) - 1));
  }

  std::string Next() {
    std::array<char, 4096> buffer;
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return got < 0 ? "nothing came"
                   : std::string(buffer.data(), static_cast<size_t>(got));
  }

 private:
  const std::string path_;
  const int fd_;
};

void SetVariable(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);
}

Notifier MustRead() {
  absl::StatusOr<Notifier> notifier = Notifier::FromEnvironment();
  EXPECT_TRUE(notifier.ok()) << notifier.status();
  return *std::move(notifier);
}

class NotifyTest : public testing::Test {
 protected:
  ~NotifyTest() override {
    for (const char* name :
         {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      EXPECT_EQ(std::getenv(name), nullptr) << name << " is left for children";
    }
  }
};

TEST_F(NotifyTest, WithoutAManagerNothingHappens) {
  const Notifier notifier = MustRead();
  EXPECT_TRUE(notifier.Ready().ok());
  notifier.Alive();
  EXPECT_EQ(notifier.watchdog(), absl::ZeroDuration());
}

TEST_F(NotifyTest, TellsTheStagesOfItsLifeToAnAbstractSocket) {
  Manager manager;
  SetVariable("NOTIFY_SOCKET", manager.name());
  const Notifier notifier = MustRead();
  EXPECT_TRUE(notifier.Ready().ok());
  EXPECT_EQ(manager.Next(), "READY=1");
  notifier.Status("ready; 2 peers");
  EXPECT_EQ(manager.Next(), "STATUS=ready; 2 peers");
  notifier.Alive();
  EXPECT_EQ(manager.Next(), "WATCHDOG=1");
  notifier.Stopping();
  EXPECT_EQ(manager.Next(), "STOPPING=1");
}

TEST_F(NotifyTest, TellsASocketWithAPath) {
  // The path of a socket has to be short.
  std::string folder = "/tmp/skex-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    Manager manager(folder + "/notify");
    SetVariable("NOTIFY_SOCKET", manager.name());
    EXPECT_TRUE(MustRead().Ready().ok());
    EXPECT_EQ(manager.Next(), "READY=1");
  }
  ::rmdir(folder.c_str());
}

TEST_F(NotifyTest, AReloadCarriesTheTime) {
  Manager manager;
  SetVariable("NOTIFY_SOCKET", manager.name());
  const absl::Duration before = MonotonicNow();
  MustRead().Reloading();
  const absl::Duration after = MonotonicNow();
  const std::string message = manager.Next();
  absl::string_view micros = message;
  ASSERT_TRUE(absl::ConsumePrefix(&micros, "RELOADING=1\nMONOTONIC_USEC="));
  int64_t time = 0;
  ASSERT_TRUE(absl::SimpleAtoi(micros, &time)) << micros;
  EXPECT_GE(time, absl::ToInt64Microseconds(before));
  EXPECT_LE(time, absl::ToInt64Microseconds(after));
}

TEST_F(NotifyTest, AStatusIsOneLine) {
  Manager manager;
  SetVariable("NOTIFY_SOCKET", manager.name());
  MustRead().Status("a\nREADY=1");
  EXPECT_EQ(manager.Next(), "STATUS=a READY=1");
}

TEST_F(NotifyTest, SaysThatNobodyTakesReady) {
  SetVariable("NOTIFY_SOCKET", "/no/such/socket");
  const absl::Status status = MustRead().Ready();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("/no/such/socket"));
}

TEST_F(NotifyTest, ReadsTheWatchdogsTime) {
  SetVariable("WATCHDOG_USEC", "30000000");
  EXPECT_EQ(MustRead().watchdog(), absl::Seconds(30));
  SetVariable("WATCHDOG_USEC", "30000000");
  SetVariable("WATCHDOG_PID", absl::StrCat(::getpid()));
  EXPECT_EQ(MustRead().watchdog(), absl::Seconds(30));
}

TEST_F(NotifyTest, TheWatchdogOfAnotherProcessIsNotOurs) {
  SetVariable("WATCHDOG_USEC", "30000000");
  SetVariable("WATCHDOG_PID", absl::StrCat(::getppid()));
  EXPECT_EQ(MustRead().watchdog(), absl::ZeroDuration());
}

TEST_F(NotifyTest, BadVariablesAreNamed) {
  for (const std::string& bad :
       {std::string("relative"), std::string("@"), std::string(200, '/')}) {
    SetVariable("NOTIFY_SOCKET", bad);
    const absl::Status status = Notifier::FromEnvironment().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("NOTIFY_SOCKET"));
  }
  for (const char* bad : {"soon", "0", "-5"}) {
    SetVariable("WATCHDOG_USEC", bad);
    const absl::Status status = Notifier::FromEnvironment().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("WATCHDOG_USEC"));
  }
}

}  // namespace
}  // namespace service
