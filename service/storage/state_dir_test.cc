#include "service/storage/state_dir.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

class StateDirTest : public testing::Test {
 protected:
  FakeFileSystem files_{1};
};

TEST_F(StateDirTest, MakesAPrivateFolderAndOpensItAgain) {
  ASSERT_TRUE(StateDir::Open(&files_, "state", "agent").ok());
  EXPECT_EQ(files_.Info("state")->mode, 0700u);
  EXPECT_TRUE(StateDir::Open(&files_, "state", "agent").ok());
}

TEST_F(StateDirTest, NamesTheProcessThatHasIt) {
  auto first = StateDir::Open(&files_, "state", "agent");
  ASSERT_TRUE(first.ok());
  const absl::Status status =
      StateDir::Open(&files_, "state", "agent").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            absl::StrCat("state folder state is owned by another running agent "
                         "(pid ",
                         getpid(), "); stop it or choose another state_dir"));
}

TEST_F(StateDirTest, RefusesAFolderThatOthersCanRead) {
  ASSERT_TRUE(files_.MakeFolder("state").ok());
  files_.SetMode("state", 0750);
  const absl::Status status = StateDir::Open(&files_, "state", "hub").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            "state: other users have access to it; chmod 700 state");
}

TEST_F(StateDirTest, RefusesAnotherUsersFolder) {
  ASSERT_TRUE(files_.MakeFolder("state").ok());
  files_.SetOwner("state", 4242);
  EXPECT_EQ(StateDir::Open(&files_, "state", "hub").status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(StateDirTest, RefusesAFileInItsPlace) {
  ASSERT_TRUE(files_.Open("state", OpenMode::kCreate).ok());
  const absl::Status status = StateDir::Open(&files_, "state", "hub").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "state: is not a folder; choose another path");
}

TEST_F(StateDirTest, WritesAndReadsFiles) {
  auto state = StateDir::Open(&files_, "state", "hub");
  ASSERT_TRUE(state.ok());
  ASSERT_TRUE((*state)->Write("note", "one").ok());
  ASSERT_TRUE((*state)->Write("note", "two").ok());
  EXPECT_EQ(*(*state)->Read("note", 10), "two");
  EXPECT_EQ((*state)->Read("note", 2).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ((*state)->Read("none", 2).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(*files_.List("state"), (std::vector<std::string>{"lock", "note"}));
}

TEST_F(StateDirTest, AWriteIsWholeOrNotThere) {
  for (uint64_t at = 0; at < 6; ++at) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      ASSERT_TRUE(files.MakeFolder("state").ok());
      ASSERT_TRUE(WriteFileDurably(files, "state/note", "old").ok());
      files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
      const bool ok = WriteFileDurably(files, "state/note", "new").ok();
      files.Crash();
      auto text = ReadSmallFile(files, "state/note", 100);
      ASSERT_TRUE(text.ok()) << text.status();
      if (ok) {
        EXPECT_EQ(*text, "new");
      } else {
        EXPECT_TRUE(*text == "old" || *text == "new") << *text;
      }
      EXPECT_TRUE(WriteFileDurably(files, "state/note", "next").ok());
    }
  }
}

TEST(StateDirOnDiskTest, LocksTheRealFolder) {
  std::string folder = testing::TempDir() + "/stateXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/state";
  auto first = StateDir::Open(PosixFileSystem(), path, "hub");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(StateDir::Open(PosixFileSystem(), path, "hub").status().code(),
            absl::StatusCode::kFailedPrecondition);
  first->reset();
  EXPECT_TRUE(StateDir::Open(PosixFileSystem(), path, "hub").ok());
}

TEST(StateDirOnDiskTest, AsksForAMissingParent) {
  const absl::Status status =
      StateDir::Open(PosixFileSystem(), testing::TempDir() + "/no/state", "hub")
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("its parent folder is missing"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace service
