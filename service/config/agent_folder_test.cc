#include "service/config/agent_folder.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/storage/fake_file_system.h"

namespace service {
namespace {

class AgentFolderTest : public testing::Test {
 protected:
  AgentFolderTest() { EXPECT_TRUE(files_.MakeFolder("f").ok()); }

  void Put(const std::string& name) {
    ASSERT_TRUE(files_.Open("f/" + name, OpenMode::kCreate).ok());
  }
  std::vector<std::pair<uint32_t, std::string>> Listed() {
    auto pads = ListPads(files_, "f");
    EXPECT_TRUE(pads.ok()) << pads.status();
    std::vector<std::pair<uint32_t, std::string>> listed;
    for (const NumberedPad& pad : *pads) {
      listed.emplace_back(pad.number, pad.path);
    }
    return listed;
  }

  FakeFileSystem files_{1};
};

TEST_F(AgentFolderTest, NamesThePathsOfAnAgent) {
  const std::string folder =
      AgentFolder("state", *skex::AgentId::Parse("alice@north.example"));
  EXPECT_EQ(folder, "state/agents/alice@north.example");
  EXPECT_EQ(EnrolmentPath(folder), folder + "/enrolment.toml");
  EXPECT_EQ(PadPath(folder, 1), folder + "/pad");
  EXPECT_EQ(PadPath(folder, 2), folder + "/pad-2");
}

TEST_F(AgentFolderTest, OrdersPadsByNumber) {
  for (const char* name : {"pad-10", "pad", "pad-9", "pad-2"}) Put(name);
  EXPECT_EQ(
      Listed(),
      (std::vector<std::pair<uint32_t, std::string>>{
          {1, "f/pad"}, {2, "f/pad-2"}, {9, "f/pad-9"}, {10, "f/pad-10"}}));
}

TEST_F(AgentFolderTest, TheOldestIsWhatRevocationsLeft) {
  for (const char* name : {"pad-3", "pad-2"}) Put(name);
  EXPECT_EQ(Listed().front().second, "f/pad-2");
}

TEST_F(AgentFolderTest, PassesOverTheEnrolmentAndHiddenNames) {
  for (const char* name :
       {"enrolment.toml", ".pad.partial", ".pad-2.revoked", ".last-pad"}) {
    Put(name);
  }
  EXPECT_TRUE(Listed().empty());
}

TEST_F(AgentFolderTest, RefusesAForeignName) {
  for (const char* name :
       {"pad-1", "pad-0", "pad-02", "pad-+2", "pad- 2", "pad-", "pad-x",
        "pad-4294967296", "pad-2.old", "Pad", "pad2", "notes.txt"}) {
    FakeFileSystem files(1);
    ASSERT_TRUE(files.MakeFolder("f").ok());
    ASSERT_TRUE(files.Open(absl::StrCat("f/", name), OpenMode::kCreate).ok());
    const absl::Status status = ListPads(files, "f").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              absl::StrCat("f/", name,
                           ": is neither enrolment.toml nor a pad (pad, pad-2, "
                           "pad-3, ...); move it elsewhere"));
  }
}

TEST_F(AgentFolderTest, ReportsAMissingFolder) {
  EXPECT_EQ(ListPads(files_, "none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace service
