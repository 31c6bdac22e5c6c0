// What is left of a pad file when the power, the process or the disk fails at
// any operation.

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file.h"
#include "service/storage/pad_file_testing.h"

namespace service {
namespace {

using skex::Direction;
using skex::PadMarks;
using skex::Side;
using skex::Stream;

constexpr uint64_t kSeeds = 60;
constexpr uint64_t kStep = 64;

absl::StatusOr<std::unique_ptr<PadFile>> OpenPad(FakeFileSystem& files) {
  return PadFile::Open(&files, "pad", Side::kAgent, Alice(), Hub1());
}

uint64_t ClaimedOf(const PadMarks& marks) {
  return marks.at(Direction::kAgentToHub, 0, Stream::kOtp).claimed_upto;
}

// Claims step by step until an error comes; what was claimed is added up.
absl::Status ClaimSteps(PadFile& pad, int steps, uint64_t* committed) {
  for (int step = 0; step < steps; ++step) {
    PadMarks marks = pad.marks();
    marks.at(Direction::kAgentToHub, 0, Stream::kOtp).claimed_upto += kStep;
    absl::Status status = pad.CommitMarks(marks);
    if (!status.ok()) return status;
    *committed = ClaimedOf(marks);
  }
  return absl::OkStatus();
}

TEST(PadFileCrashTest, ACommittedMarkNeverGoesBack) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    FakeFileSystem files(seed);
    std::mt19937_64 random(seed);
    ASSERT_TRUE(WriteTestPad(files, "pad", TestHeader(Side::kAgent)).ok());
    uint64_t committed = 0;
    for (int start = 0; start < 12; ++start) {
      // Anything may fail this time, for one operation or for good.
      files.Fail(files.operations() + random() % 14,
                 absl::StatusCode::kUnavailable, random() % 2 == 0 ? 1 : 1000);
      {
        auto pad = OpenPad(files);
        if (pad.ok()) {
          ASSERT_GE(ClaimedOf((*pad)->marks()), committed);
          // A failed commit is tried again, as the daemons do.
          for (int attempt = 0; attempt < 3; ++attempt) {
            ClaimSteps(**pad, 3, &committed).IgnoreError();
          }
        }
      }
      files.StopFailing();
      // The process ended; sometimes the machine as well.
      if (random() % 2 == 0) files.Crash();
      auto pad = OpenPad(files);
      ASSERT_TRUE(pad.ok()) << pad.status();
      ASSERT_GE(ClaimedOf((*pad)->marks()), committed);
      committed = ClaimedOf((*pad)->marks());
    }
  }
}

TEST(PadFileCrashTest, TheFirstUseCanBeInterruptedAnywhere) {
  for (uint64_t at = 0; at < 8; ++at) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      ASSERT_TRUE(WriteTestPad(files, "pad", TestHeader(Side::kAgent)).ok());
      files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
      {
        auto pad = OpenPad(files);
        if (pad.ok()) (*pad)->CommitMarks((*pad)->marks()).IgnoreError();
      }
      if (seed % 2 == 0) {
        files.Crash();
      } else {
        files.StopFailing();
      }
      {
        auto pad = OpenPad(files);
        ASSERT_TRUE(pad.ok()) << pad.status();
        ASSERT_TRUE((*pad)->CommitMarks((*pad)->marks()).ok());
      }
      // Whatever was cut before: the hash is off the medium now, also when
      // the power fails at once.
      files.Crash();
      EXPECT_EQ(
          files.Durable("pad").substr(kImportHashOffset, kImportSectorSize),
          std::string(kImportSectorSize, '\0'));
      EXPECT_TRUE(OpenPad(files).ok());
    }
  }
}

TEST(PadFileCrashTest, AnErasureThatReturnedOkIsOnTheMedium) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    FakeFileSystem files(seed);
    ASSERT_TRUE(WriteTestPad(files, "pad", TestHeader(Side::kAgent)).ok());
    auto pad = OpenPad(files);
    ASSERT_TRUE(pad.ok());
    files.Fail(files.operations() + seed % 3, absl::StatusCode::kUnavailable,
               1);
    absl::Status status = (*pad)->Erase(0, 4096);
    if (!status.ok()) status = (*pad)->Erase(0, 4096);
    ASSERT_TRUE(status.ok()) << status;
    files.Crash();
    EXPECT_EQ(files.Contents("pad").substr(kPadDataOffset, 4096),
              std::string(4096, '\0'));
  }
}

}  // namespace
}  // namespace service
