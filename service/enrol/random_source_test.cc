#include "service/enrol/random_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"

namespace service {
namespace {

std::string WriteSource(const std::string& bytes) {
  const std::string path = testing::TempDir() + "/source";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(GeneratorSourceTest, IsComputational) {
  skex::SeededEntropy entropy(1);
  GeneratorSource source(&entropy);
  EXPECT_EQ(source.kind(), skex::PadSource::kGenerator);
  std::vector<uint8_t> bytes(8), want(8);
  ASSERT_TRUE(source.Fill(absl::MakeSpan(bytes)).ok());
  skex::SeededEntropy(1).Fill(absl::MakeSpan(want));
  EXPECT_EQ(bytes, want);
}

TEST(DeviceSourceTest, ReadsOnAndIsPhysical) {
  auto source = DeviceSource::Open(WriteSource("abcdef"));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->kind(), skex::PadSource::kPhysical);
  std::vector<uint8_t> bytes(3);
  ASSERT_TRUE((*source)->Fill(absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(skex::AsText(bytes), "abc");
  ASSERT_TRUE((*source)->Fill(absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(skex::AsText(bytes), "def");
}

TEST(DeviceSourceTest, FailsWhenItEndsEarly) {
  const std::string path = WriteSource("abcdef");
  auto source = DeviceSource::Open(path);
  ASSERT_TRUE(source.ok());
  std::vector<uint8_t> bytes(7);
  const absl::Status status = (*source)->Fill(absl::MakeSpan(bytes));
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(),
            path +
                ": the random source ended after 6 bytes; give a larger one "
                "or ask for a smaller pad");
}

TEST(DeviceSourceTest, RefusesADeviceThatHasStopped) {
  auto source = DeviceSource::Open("/dev/zero");
  ASSERT_TRUE(source.ok());
  std::vector<uint8_t> bytes(4096);
  EXPECT_EQ((*source)->Fill(absl::MakeSpan(bytes)).code(),
            absl::StatusCode::kDataLoss);
}

TEST(DeviceSourceTest, SeesAStopAcrossReads) {
  auto source = DeviceSource::Open(WriteSource(std::string(64, 'x')));
  ASSERT_TRUE(source.ok());
  std::vector<uint8_t> bytes(32);
  EXPECT_TRUE((*source)->Fill(absl::MakeSpan(bytes)).ok());
  EXPECT_EQ((*source)->Fill(absl::MakeSpan(bytes)).code(),
            absl::StatusCode::kDataLoss);
}

TEST(DeviceSourceTest, RefusesAMissingFile) {
  const absl::Status status =
      DeviceSource::Open(testing::TempDir() + "/none").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(DeviceSourceTest, PassesReadErrorsOn) {
  auto source = DeviceSource::Open(testing::TempDir());
  ASSERT_TRUE(source.ok());
  std::vector<uint8_t> bytes(1);
  EXPECT_EQ((*source)->Fill(absl::MakeSpan(bytes)).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace service
