#include "service/storage/erase.h"

#include <gtest/gtest.h>

#include "service/storage/fake_file_system.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

class EraseTest : public testing::Test {
 protected:
  std::unique_ptr<File> MakeFile(const std::string& contents) {
    auto file = files_.Open("f", OpenMode::kCreate);
    EXPECT_TRUE(file.ok());
    EXPECT_TRUE((*file)->WriteAt(0, skex::AsBytes(contents)).ok());
    EXPECT_TRUE((*file)->Sync().ok());
    EXPECT_TRUE(files_.SyncFolder(".").ok());
    return *std::move(file);
  }

  FakeFileSystem files_{1};
};

TEST_F(EraseTest, OverwritesTheRangeOnTheMedium) {
  auto file = MakeFile("abcdef");
  ASSERT_TRUE(EraseFileRange(*file, 1, 4).ok());
  EXPECT_EQ(files_.Durable("f"), std::string("a\0\0\0ef", 6));
}

TEST_F(EraseTest, PunchesOnlyWhatIsSynced) {
  auto file = MakeFile(std::string(3 << 20, 'x'));
  ASSERT_TRUE(EraseFileRange(*file, 100, (3 << 20) - 100).ok());
  const std::string durable = files_.Durable("f");
  EXPECT_EQ(durable.find_first_not_of('\0', 100), durable.size() - 100);
}

TEST_F(EraseTest, DoesWithoutPunching) {
  auto file = MakeFile(std::string(2 << 20, 'x'));
  // Two writes, a sync, and the punch.
  files_.Fail(files_.operations() + 3, absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(EraseFileRange(*file, 0, 2 << 20).ok());
  EXPECT_EQ(files_.Durable("f"), std::string(2 << 20, '\0'));
}

TEST_F(EraseTest, PassesErrorsOn) {
  auto file = MakeFile(std::string(2 << 20, 'x'));
  for (uint64_t at = 0; at < 4; ++at) {
    files_.Fail(files_.operations() + at, absl::StatusCode::kUnavailable);
    EXPECT_EQ(EraseFileRange(*file, 0, 2 << 20).code(),
              absl::StatusCode::kUnavailable);
    files_.StopFailing();
  }
}

TEST_F(EraseTest, RemovesAFileOnlyWhenItIsOverwritten) {
  MakeFile("secret");
  files_.Fail(files_.operations() + 1, absl::StatusCode::kUnavailable, 1);
  EXPECT_FALSE(EraseAndRemove(files_, "f").ok());
  EXPECT_TRUE(files_.Exists("f"));
  EXPECT_TRUE(EraseAndRemove(files_, "f").ok());
  EXPECT_FALSE(files_.Exists("f"));
}

TEST_F(EraseTest, TakesAMissingFileAsErased) {
  EXPECT_TRUE(EraseAndRemove(files_, "nothing").ok());
}

}  // namespace
}  // namespace service
