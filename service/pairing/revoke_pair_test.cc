#include "service/pairing/revoke_pair.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "service/pairing/pairing_testing.h"

namespace service {
namespace {

absl::StatusOr<RevokedPair> Revoke(FakeFileSystem& files) {
  return RevokePair(files, "state", PairedAlice(), PairedBob());
}

std::vector<std::string> RevokedPaths() { return {"b.cred", "state", kPeers}; }

TEST(RevokePairTest, OverwritesAndRemovesBothLanes) {
  FakeFileSystem files(1);
  MakeAndImport(files);
  std::vector<std::unique_ptr<File>> held;
  for (const char* path : {kOutgoing, kIncoming}) {
    held.push_back(*files.Open(path, OpenMode::kRead));
  }
  auto revoked = Revoke(files);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_FALSE(revoked->only_completed);
  EXPECT_EQ(files.Paths(), RevokedPaths());
  for (const auto& file : held) {
    std::vector<uint8_t> bytes(kLaneFileSize, 1);
    ASSERT_TRUE(file->ReadAt(0, absl::MakeSpan(bytes)).ok());
    EXPECT_EQ(bytes, std::vector<uint8_t>(kLaneFileSize, 0));
  }
}

TEST(RevokePairTest, ReportsThatThereAreNoLanes) {
  FakeFileSystem files(1);
  EXPECT_EQ(Revoke(files).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Revoke(files).status().message(),
            "alice@north.example has no lanes with bob@south.example in state; "
            "check the name (skexctl pair show)");
}

TEST(RevokePairTest, WaitsForWhoUsesALane) {
  FakeFileSystem files(1);
  MakeAndImport(files);
  auto lane = LaneFile::Open(&files, kIncoming);
  EXPECT_EQ(Revoke(files).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Revoke(files).status().message(),
            std::string(kIncoming) +
                ": another running process uses this lane; stop it first");
  lane = absl::CancelledError();
  EXPECT_TRUE(HasBothLanes(files));
  EXPECT_TRUE(Revoke(files).ok());
}

TEST(RevokePairTest, RevokesDamagedLanes) {
  FakeFileSystem files(1);
  MakeAndImport(files);
  files.SetContents(kOutgoing, "x");
  EXPECT_TRUE(Revoke(files).ok());
  EXPECT_EQ(files.Paths(), RevokedPaths());
}

TEST(RevokePairTest, ClearsAwayWhatAnImportHasLeft) {
  FakeFileSystem files(1);
  ASSERT_TRUE(Make(files).ok());
  files.Fail(files.operations() + 15, absl::StatusCode::kUnavailable);
  ASSERT_FALSE(Import(files).ok());
  files.StopFailing();
  ASSERT_TRUE(files.Exists(kPartial));
  auto revoked = Revoke(files);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_TRUE(revoked->only_completed);
  EXPECT_FALSE(files.Exists(kPartial));
}

// Runs `complete` after an interruption at every operation.
template <class Complete>
void InterruptEverywhere(const Complete& complete) {
  for (uint64_t at = 0;; ++at) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      MakeAndImport(files);
      files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
      finished = Revoke(files).ok();
      files.StopFailing();
      if (seed % 2 == 0) files.Crash();
      // Whole under their name, or not there.
      if (files.Exists(kWithBob)) {
        ASSERT_TRUE(HasBothLanes(files));
      }
      if (!finished) complete(files);
      files.Crash();
      ASSERT_FALSE(files.Exists(kHidden));
    }
    if (finished) break;
  }
}

TEST(RevokePairTest, AnInterruptedOneIsCompletedByTheNext) {
  InterruptEverywhere([](FakeFileSystem& files) {
    const absl::Status status = Revoke(files).status();
    // Done but for the last sync.
    if (absl::IsNotFound(status)) {
      ASSERT_TRUE(files.SyncFolder(kPeers).ok());
    } else {
      ASSERT_TRUE(status.ok()) << status;
    }
    ASSERT_EQ(files.Paths(), RevokedPaths());
  });
}

TEST(RevokePairTest, AnInterruptedOneIsCompletedByTheNextImport) {
  InterruptEverywhere([](FakeFileSystem& files) {
    const bool revoked = !files.Exists(kWithBob);
    ASSERT_TRUE(files.Remove("b.cred").ok());
    ASSERT_TRUE(Make(files, 4).ok());
    ASSERT_EQ(Import(files).ok(), revoked);
  });
}

}  // namespace
}  // namespace service
