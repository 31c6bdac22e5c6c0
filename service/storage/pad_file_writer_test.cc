#include "service/storage/pad_file_writer.h"

#include <gtest/gtest.h>

#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file_reader.h"
#include "service/storage/pad_file_testing.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

class PadFileWriterTest : public testing::Test {
 protected:
  FakeFileSystem files_{1};
};

TEST_F(PadFileWriterTest, MakesAHubsHalfThatIsImportedAndHasNoHash) {
  ASSERT_TRUE(WriteTestPad(files_, "pad", TestHeader(skex::Side::kHub)).ok());
  auto seen = InspectPadFile(files_, "pad");
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_TRUE(seen->imported);
  EXPECT_EQ(files_.Durable("pad").substr(kImportHashOffset, kImportSectorSize),
            std::string(kImportSectorSize, '\0'));
}

TEST_F(PadFileWriterTest, MakesAnAgentsHalfWithItsHash) {
  ASSERT_TRUE(WriteTestPad(files_, "pad", TestHeader(skex::Side::kAgent)).ok());
  auto seen = InspectPadFile(files_, "pad");
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_FALSE(seen->imported);
  EXPECT_EQ(seen->slots.damaged, 0u);
  EXPECT_EQ(seen->slots.latest->marks,
            skex::PadMarks::Fresh(seen->identity.geometry));
}

TEST_F(PadFileWriterTest, NeverOverwrites) {
  ASSERT_TRUE(WriteTestPad(files_, "pad", TestHeader(skex::Side::kAgent)).ok());
  EXPECT_EQ(WriteTestPad(files_, "pad", TestHeader(skex::Side::kAgent)).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(PadFileWriterTest, RefusesToFinishWithoutAllData) {
  const std::string data = TestData(TestHeader(skex::Side::kAgent));
  auto writer =
      PadFileWriter::Create(&files_, "pad", TestHeader(skex::Side::kAgent));
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(skex::AsBytes(data).subspan(1)).ok());
  EXPECT_EQ((*writer)->Finish().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(InspectPadFile(files_, "pad").ok());
}

TEST_F(PadFileWriterTest, RefusesTooMuchData) {
  const std::string data = TestData(TestHeader(skex::Side::kAgent));
  auto writer =
      PadFileWriter::Create(&files_, "pad", TestHeader(skex::Side::kAgent));
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(skex::AsBytes(data)).ok());
  EXPECT_EQ((*writer)->Append(skex::AsBytes("x")).code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(PadFileWriterTest, RefusesABadGeometryAndABadKey) {
  PadFileHeader header = TestHeader(skex::Side::kAgent);
  header.identity.geometry.lanes = 0;
  EXPECT_EQ(
      PadFileWriter::Create(&files_, "a", std::move(header)).status().code(),
      absl::StatusCode::kInvalidArgument);
  header = TestHeader(skex::Side::kAgent);
  header.link_key = skex::Secret::OfSize(16);
  EXPECT_EQ(
      PadFileWriter::Create(&files_, "a", std::move(header)).status().code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(files_.Exists("a"));
}

TEST_F(PadFileWriterTest, PassesAFullDiskOn) {
  files_.Fail(1, absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(WriteTestPad(files_, "pad", TestHeader(skex::Side::kAgent)).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(PadFileWriterTest, AFileThatWasNotFinishedIsNotAPad) {
  uint64_t operations = 0;
  {
    FakeFileSystem whole(2);
    ASSERT_TRUE(
        WriteTestPad(whole, "pad", TestHeader(skex::Side::kAgent)).ok());
    operations = whole.operations();
  }
  for (uint64_t at = 0; at < operations; ++at) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      FakeFileSystem files(seed);
      files.Fail(at, absl::StatusCode::kUnavailable);
      ASSERT_FALSE(
          WriteTestPad(files, "pad", TestHeader(skex::Side::kAgent)).ok());
      files.Crash();
      auto seen = InspectPadFile(files, "pad");
      // The last three operations: the header's write, its sync, and that of
      // the folder. From there on a whole pad may be left.
      if (at + 3 < operations) {
        EXPECT_FALSE(seen.ok()) << "fault " << at << " seed " << seed;
      } else if (seen.ok()) {
        const std::string data = TestData(TestHeader(skex::Side::kAgent));
        EXPECT_EQ(files.Contents("pad").substr(kPadDataOffset), data);
      }
    }
  }
}

}  // namespace
}  // namespace service
