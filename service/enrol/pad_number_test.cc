#include "service/enrol/pad_number.h"

#include <gtest/gtest.h>

#include <string>

#include "service/storage/fake_file_system.h"

namespace service {
namespace {

class PadNumberTest : public testing::Test {
 protected:
  PadNumberTest() { EXPECT_TRUE(files_.MakeFolder("f").ok()); }
  void Put(const std::string& name) {
    ASSERT_TRUE(files_.Open("f/" + name, OpenMode::kCreate).ok());
  }

  FakeFileSystem files_{1};
};

TEST_F(PadNumberTest, FollowsTheHighestThatIsThere) {
  EXPECT_EQ(*NextPadNumber(files_, "f"), 1u);
  Put("pad");
  EXPECT_EQ(*NextPadNumber(files_, "f"), 2u);
  Put("pad-7");
  EXPECT_EQ(*NextPadNumber(files_, "f"), 8u);
}

TEST_F(PadNumberTest, NeverUsesARevokedOneAgain) {
  Put("pad");
  Put("pad-2");
  ASSERT_TRUE(RememberPadNumber(files_, "f", 2).ok());
  ASSERT_TRUE(files_.Remove("f/pad-2").ok());
  EXPECT_EQ(*NextPadNumber(files_, "f"), 3u);
  ASSERT_TRUE(RememberPadNumber(files_, "f", 1).ok());
  ASSERT_TRUE(files_.Remove("f/pad").ok());
  EXPECT_EQ(*NextPadNumber(files_, "f"), 3u);
}

TEST_F(PadNumberTest, IsDurable) {
  ASSERT_TRUE(RememberPadNumber(files_, "f", 12).ok());
  files_.Crash();
  EXPECT_EQ(*NextPadNumber(files_, "f"), 13u);
}

TEST_F(PadNumberTest, RefusesToGuess) {
  Put(".last-pad");
  for (const char* text : {"", "x", "-1", "4294967296", "12345678901234567"}) {
    files_.SetContents("f/.last-pad", text);
    EXPECT_FALSE(NextPadNumber(files_, "f").ok()) << text;
    EXPECT_FALSE(RememberPadNumber(files_, "f", 2).ok()) << text;
  }
  files_.SetContents("f/.last-pad", "x");
  const absl::Status status = NextPadNumber(files_, "f").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "f/.last-pad: is damaged; write into it the highest number that a "
            "pad of this folder ever had");
}

}  // namespace
}  // namespace service
