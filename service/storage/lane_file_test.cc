#include "service/storage/lane_file.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "service/storage/fake_file_system.h"
#include "service/storage/lane_file_testing.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::AsBytes;

class LaneFileTest : public testing::Test {
 protected:
  std::unique_ptr<LaneFile> Create() {
    auto lane = LaneFile::Create(&files_, "lane");
    EXPECT_TRUE(lane.ok()) << lane.status();
    return lane.ok() ? *std::move(lane) : nullptr;
  }
  // A file that holds state 0, and nobody has it open.
  void Make() {
    auto lane = Create();
    ASSERT_TRUE(lane->Commit(AsBytes(NumberedState(0))).ok());
  }
  absl::Status OpenError() { return LaneFile::Open(&files_, "lane").status(); }
  absl::Status LoadError() {
    auto lane = LaneFile::Open(&files_, "lane");
    return lane.ok() ? (*lane)->Load().status() : lane.status();
  }
  static std::string StateOf(LaneFile& lane) {
    auto state = lane.Load();
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? std::string(skex::AsText(state->view())) : "";
  }
  void Flip(uint64_t at) {
    std::string bytes = files_.Contents("lane");
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    files_.SetContents("lane", std::move(bytes));
  }

  FakeFileSystem files_{1};
};

constexpr char kAnew[] =
    "; revoke the pair and make a new one at both agents (skexctl pair revoke, "
    "make, import)";

TEST_F(LaneFileTest, ANewFileHasNoState) {
  auto lane = Create();
  EXPECT_EQ(lane->Load().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_.Info("lane")->size, kLaneFileSize);
  EXPECT_EQ(files_.Info("lane")->mode, 0600u);
}

TEST_F(LaneFileTest, LoadsWhatWasCommittedLast) {
  auto lane = Create();
  for (uint64_t number = 0; number < 12; ++number) {
    ASSERT_TRUE(lane->Commit(AsBytes(NumberedState(number))).ok());
    EXPECT_EQ(StateOf(*lane), NumberedState(number));
    EXPECT_TRUE(HoldsNothingBut(files_.Durable("lane"), NumberedState(number)));
    lane.reset();
    auto again = LaneFile::Open(&files_, "lane");
    ASSERT_TRUE(again.ok()) << again.status();
    lane = *std::move(again);
    EXPECT_EQ(StateOf(*lane), NumberedState(number));
  }
}

TEST_F(LaneFileTest, CommitsWithoutLoadingFirst) {
  Make();
  auto lane = LaneFile::Open(&files_, "lane");
  ASSERT_TRUE(lane.ok());
  ASSERT_TRUE((*lane)->Commit(AsBytes("next")).ok());
  EXPECT_TRUE(HoldsNothingBut(files_.Durable("lane"), "next"));
}

TEST_F(LaneFileTest, OpeningChangesNothing) {
  Make();
  const uint64_t before = files_.operations();
  EXPECT_TRUE(LaneFile::Open(&files_, "lane").ok());
  EXPECT_EQ(files_.operations(), before);
}

TEST_F(LaneFileTest, AnUnusedFileTakesItsFirstStateLater) {
  Create();
  auto lane = LaneFile::Open(&files_, "lane");
  ASSERT_TRUE(lane.ok()) << lane.status();
  EXPECT_EQ((*lane)->Load().status().message(),
            "lane: holds no state yet; the import of the credential was "
            "interrupted (skexctl pair import)");
  ASSERT_TRUE((*lane)->Commit(AsBytes("first")).ok());
  EXPECT_EQ(StateOf(**lane), "first");
}

TEST_F(LaneFileTest, NeverOverwritesAFile) {
  Make();
  const absl::Status status = LaneFile::Create(&files_, "lane").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(),
            "lane: is there already; revoke the pair first (skexctl pair "
            "revoke)");
  EXPECT_TRUE(HoldsNothingBut(files_.Contents("lane"), NumberedState(0)));
}

TEST_F(LaneFileTest, ACreationThatFailsLeavesNoFile) {
  for (uint64_t at = 0; at < 4; ++at) {
    FakeFileSystem files(at);
    files.Fail(at, absl::StatusCode::kResourceExhausted, 1);
    EXPECT_EQ(LaneFile::Create(&files, "lane").status().code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(files.Exists("lane")) << at;
  }
}

TEST_F(LaneFileTest, ReportsAMissingFile) {
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenError().message(),
            "lane: there is no such lane; import the credential of the pair "
            "(skexctl pair import)");
}

TEST_F(LaneFileTest, RefusesAFileThatOthersCanReadOrOwn) {
  Make();
  files_.SetMode("lane", 0640);
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(OpenError().message(),
            "lane: other users have access to it; chmod 600 lane");
  EXPECT_EQ(ReadLaneState(files_, "lane").status().code(),
            absl::StatusCode::kPermissionDenied);
  files_.SetMode("lane", 0600);
  files_.SetOwner("lane", 4711);
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(LaneFileTest, IsHeldByOneProcess) {
  auto lane = Create();
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenError().message(),
            "lane: another running process uses this lane; stop it first");
  lane.reset();
  EXPECT_TRUE(OpenError().ok());
}

TEST_F(LaneFileTest, RefusesOtherFiles) {
  ASSERT_TRUE(files_.MakeFolder("folder").ok());
  EXPECT_EQ(LaneFile::Open(&files_, "folder").status().code(),
            absl::StatusCode::kInvalidArgument);
  Make();
  files_.SetContents("lane", std::string(20000, 'x'));
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError().message(),
            "lane: is not a lane file; give the path of a file that skexctl "
            "pair made");
}

TEST_F(LaneFileTest, RefusesANewerFormat) {
  Make();
  std::string bytes = files_.Contents("lane");
  bytes[9] = 2;
  files_.SetContents("lane", bytes);
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LaneFileTest, RefusesAnotherSize) {
  Make();
  const std::string bytes = files_.Contents("lane");
  files_.SetContents("lane", bytes.substr(0, 100000));
  EXPECT_EQ(OpenError().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenError().message(),
            std::string("lane: is truncated: expected 167936 bytes, found "
                        "100000") +
                kAnew);
  files_.SetContents("lane", bytes + "x");
  EXPECT_EQ(OpenError().message(),
            std::string("lane: is too long: expected 167936 bytes, found "
                        "167937") +
                kAnew);
}

TEST_F(LaneFileTest, ReportsDamagedSlots) {
  Make();
  Flip(LaneSlotOffset(0) + 100);
  EXPECT_EQ(LoadError().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(LoadError().message(),
            std::string("lane: both of its slots are damaged, so nobody knows "
                        "which leaves were used") +
                kAnew);
  auto lane = LaneFile::Open(&files_, "lane");
  const std::string before = files_.Contents("lane");
  EXPECT_EQ((*lane)->Commit(AsBytes("next")).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(files_.Contents("lane"), before);
  EXPECT_EQ(ReadLaneState(files_, "lane").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(LaneFileTest, ReportsIoErrorsAndAFullDiskAsSuch) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted}) {
    FakeFileSystem files(1);
    auto lane = LaneFile::Create(&files, "lane");
    ASSERT_TRUE((*lane)->Commit(AsBytes("first")).ok());
    files.Fail(files.operations(), code);
    EXPECT_EQ((*lane)->Commit(AsBytes("second")).code(), code);
    files.StopFailing();
    // It may be tried again.
    EXPECT_EQ(StateOf(**lane), "first");
    ASSERT_TRUE((*lane)->Commit(AsBytes("third")).ok());
    EXPECT_TRUE(HoldsNothingBut(files.Durable("lane"), "third"));
    files.FailReads(files.reads());
    EXPECT_EQ((*lane)->Load().status().code(), absl::StatusCode::kUnavailable);
  }
}

TEST_F(LaneFileTest, RefusesAStateThatIsTooLong) {
  auto lane = Create();
  const std::string state(kMostLaneState + 1, 's');
  EXPECT_EQ(lane->Commit(AsBytes(state)).code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(lane->Commit(AsBytes(state.substr(1))).ok());
}

TEST_F(LaneFileTest, CanBeLookedAtWhileItIsInUse) {
  auto lane = Create();
  EXPECT_EQ(ReadLaneState(files_, "lane").status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(lane->Commit(AsBytes(NumberedState(0))).ok());
  const uint64_t before = files_.operations();
  auto state = ReadLaneState(files_, "lane");
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(skex::AsText(state->view()), NumberedState(0));
  EXPECT_EQ(files_.operations(), before);
}

}  // namespace
}  // namespace service
