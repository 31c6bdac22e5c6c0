#include "service/config/check_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/posix_file_system.h"
#include "skex/base/ids.h"

namespace service {
namespace {

using testing::HasSubstr;

class CheckAgentFilesTest : public testing::Test {
 protected:
  CheckAgentFilesTest() {
    EXPECT_TRUE(files_.MakeFolder("/etc").ok());
    EXPECT_TRUE(files_.MakeFolder("/etc/state").ok());
    for (const char* pad : {"/etc/one.pad", "/etc/two.pad"}) {
      EXPECT_TRUE(files_.Open(pad, OpenMode::kCreate).ok());
    }
    config_.daemon.state_dir = "/etc/state";
    config_.hubs.push_back(
        {skex::HubId::Parse("hub1@one.example").value(), {}, {}, ""});
    config_.hubs[0].pads = {"/etc/one.pad", "/etc/two.pad"};
  }

  absl::Status Check() { return CheckFiles(config_, files_); }

  FakeFileSystem files_{1};
  AgentConfig config_{
      skex::AgentId::Parse("alice@north.example").value(), {}, {}, {}};
};

TEST_F(CheckAgentFilesTest, AcceptsWhatTheDaemonWouldAccept) {
  EXPECT_TRUE(Check().ok()) << Check();
}

TEST_F(CheckAgentFilesTest, TheStateFolderMayBeMissingButNotItsParent) {
  config_.daemon.state_dir = "/etc/other";
  EXPECT_TRUE(Check().ok()) << Check();
  EXPECT_FALSE(files_.Info("/etc/other").ok());
  config_.daemon.state_dir = "/var/lib/other";
  EXPECT_THAT(Check().message(), HasSubstr("parent folder is missing"));
}

TEST_F(CheckAgentFilesTest, NamesAStateFolderThatIsOpenToOthers) {
  files_.SetMode("/etc/state", 0750);
  EXPECT_THAT(Check().message(), HasSubstr("chmod 700 /etc/state"));
}

TEST_F(CheckAgentFilesTest, NamesThePadThatIsOpenToOthers) {
  files_.SetMode("/etc/two.pad", 0640);
  EXPECT_TRUE(absl::IsPermissionDenied(Check())) << Check();
  EXPECT_THAT(Check().message(), HasSubstr("chmod 600 /etc/two.pad"));
}

TEST_F(CheckAgentFilesTest, NamesThePadOfAnotherUser) {
  files_.SetOwner("/etc/one.pad", geteuid() + 1);
  EXPECT_THAT(Check().message(), HasSubstr("/etc/one.pad: belongs to user id"));
}

TEST_F(CheckAgentFilesTest, NamesThePadThatIsMissing) {
  EXPECT_TRUE(files_.Remove("/etc/one.pad").ok());
  EXPECT_TRUE(absl::IsNotFound(Check())) << Check();
  EXPECT_THAT(Check().message(), HasSubstr("/etc/one.pad"));
}

TEST_F(CheckAgentFilesTest, ForRootTheOwnerOfTheStateFolderIsTheDaemon) {
  const uint32_t daemon = geteuid() + 1;
  files_.SetOwner("/etc/state", daemon);
  if (geteuid() != 0) {
    EXPECT_THAT(Check().message(), HasSubstr("/etc/state: belongs to user"));
    return;
  }
  EXPECT_THAT(Check().message(),
              HasSubstr("/etc/one.pad: belongs to user id 0, the state folder "
                        "to 1; chown 1 /etc/one.pad"));
  files_.SetOwner("/etc/one.pad", daemon);
  files_.SetOwner("/etc/two.pad", daemon);
  EXPECT_TRUE(Check().ok()) << Check();
}

TEST_F(CheckAgentFilesTest, NamesAnAuditLogThatOthersMayRead) {
  config_.daemon.pad_log = "/etc/pad.log";
  EXPECT_TRUE(Check().ok()) << Check();
  EXPECT_TRUE(files_.Open("/etc/pad.log", OpenMode::kCreate).ok());
  EXPECT_TRUE(Check().ok()) << Check();
  files_.SetMode("/etc/pad.log", 0644);
  EXPECT_THAT(Check().message(), HasSubstr("chmod 600 /etc/pad.log"));
}

// Enrolments are looked for in the real file system.
class CheckHubFilesTest : public testing::Test {
 protected:
  CheckHubFilesTest() {
    std::filesystem::create_directories(agent_);
    Write("pad", "bytes");
    Write("enrolment.toml", "allow = []\n");
    EXPECT_EQ(::chmod(state_.c_str(), 0700), 0);
    config_.daemon.state_dir = state_;
  }
  ~CheckHubFilesTest() override { std::filesystem::remove_all(state_); }

  void Write(const std::string& name, const std::string& text) {
    const std::string path = agent_ + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
  }
  absl::Status Check() { return CheckFiles(config_, *PosixFileSystem()); }

  const std::string state_ =
      absl::StrCat(testing::TempDir(), "/check_files.", ::getpid());
  const std::string agent_ = state_ + "/agents/alice@north.example";
  HubConfig config_{skex::HubId::Parse("hub1@one.example").value(), {}, {}, {}};
};

TEST_F(CheckHubFilesTest, AcceptsWhatTheDaemonWouldAccept) {
  EXPECT_TRUE(Check().ok()) << Check();
}

TEST_F(CheckHubFilesTest, NamesThePadThatIsOpenToOthers) {
  const std::string pad = agent_ + "/pad";
  ASSERT_EQ(::chmod(pad.c_str(), 0644), 0);
  EXPECT_THAT(Check().message(), HasSubstr("chmod 600 " + pad));
}

TEST_F(CheckHubFilesTest, NamesThePlaceInAnEnrolment) {
  Write("enrolment.toml", "alow = []\n");
  EXPECT_TRUE(absl::IsInvalidArgument(Check())) << Check();
  EXPECT_THAT(Check().message(), HasSubstr("enrolment.toml:1:1: "));
}

}  // namespace
}  // namespace service
