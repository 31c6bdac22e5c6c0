// What is left of a lane file when the power, the process or the disk fails at
// any operation.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "service/storage/fake_file_system.h"
#include "service/storage/lane_file.h"
#include "service/storage/lane_file_testing.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::AsBytes;

constexpr uint64_t kSeeds = 20;
constexpr uint64_t kCommits = 5;

// One lane file with faults, and what may be in it.
class Life {
 public:
  explicit Life(uint64_t seed) : files(seed), next_(seed) {}

  // Opens the file, or makes it, and commits states. What fails is tried again
  // once, with another state, as a lane does.
  void Live() {
    auto lane = files.Exists("lane") ? LaneFile::Open(&files, "lane")
                                     : LaneFile::Create(&files, "lane");
    if (!lane.ok()) return;
    for (uint64_t i = 0; i < kCommits; ++i) {
      if (!Commit(**lane) && !Commit(**lane)) return;
    }
  }

  // After the faults: what is there is one of the states that may be, and
  // nothing else is there.
  void Check() {
    if (!files.Exists("lane")) {
      ASSERT_TRUE(committed_.empty());
      return;
    }
    auto lane = LaneFile::Open(&files, "lane");
    ASSERT_TRUE(lane.ok()) << lane.status();
    auto state = (*lane)->Load();
    if (absl::IsNotFound(state.status())) {
      ASSERT_TRUE(committed_.empty());
      return;
    }
    ASSERT_TRUE(state.ok()) << state.status();
    const std::string text(skex::AsText(state->view()));
    ASSERT_TRUE(text == committed_ || attempted_.count(text) > 0);
    ASSERT_TRUE(HoldsNothingBut(files.Durable("lane"), text));
    committed_ = text;
    attempted_.clear();
  }

  FakeFileSystem files;

 private:
  bool Commit(LaneFile& lane) {
    const std::string state = NumberedState(next_++);
    if (!lane.Commit(AsBytes(state)).ok()) {
      attempted_.insert(state);
      return false;
    }
    EXPECT_TRUE(HoldsNothingBut(files.Durable("lane"), state));
    committed_ = state;
    attempted_.clear();
    return true;
  }

  uint64_t next_;
  std::string committed_;            // empty if none was
  std::set<std::string> attempted_;  // since then, without success
};

// Runs `interrupt` after a fault at every operation of a life, for one
// operation or for good, and checks what is left.
template <class Interrupt>
void InterruptEverywhere(const Interrupt& interrupt) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (const uint64_t times : {uint64_t{1}, FakeFileSystem::kForEver}) {
      for (uint64_t at = 0;; ++at) {
        SCOPED_TRACE(testing::Message() << "seed " << seed << " fault " << at
                                        << " times " << times);
        Life life(seed);
        life.files.Fail(at,
                        seed % 2 == 0 ? absl::StatusCode::kUnavailable
                                      : absl::StatusCode::kResourceExhausted,
                        times);
        life.Live();
        if (life.files.operations() <= at) {
          ASSERT_GT(at, 20u);
          break;
        }
        interrupt(life.files);
        life.Check();
        if (testing::Test::HasFatalFailure()) return;
        // It goes on from there.
        life.Live();
        life.files.Crash();
        life.Check();
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(LaneFileCrashTest, APowerFailureAnywhereLeavesTheOldStateOrTheNew) {
  InterruptEverywhere([](FakeFileSystem& files) { files.Crash(); });
}

TEST(LaneFileCrashTest, AKillAnywhereLeavesTheOldStateOrTheNew) {
  InterruptEverywhere([](FakeFileSystem& files) {
    files.StopFailing();
    files.ReleaseLocks();
  });
}

// What a restart reads may stand in the page cache only. It has to be durable
// before the other slot is erased, and before anybody acts on it.
TEST(LaneFileCrashTest, AStateThatWasLoadedSurvivesAPowerFailure) {
  for (uint64_t seed = 0; seed < 40 * kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    FakeFileSystem files(seed);
    {
      auto lane = LaneFile::Create(&files, "lane");
      ASSERT_TRUE((*lane)->Commit(AsBytes("old")).ok());
      files.Fail(files.operations() + seed % 4, absl::StatusCode::kUnavailable);
      ASSERT_FALSE((*lane)->Commit(AsBytes("new")).ok());
    }
    files.StopFailing();
    std::string loaded;
    {
      auto lane = LaneFile::Open(&files, "lane");
      auto state = (*lane)->Load();
      ASSERT_TRUE(state.ok()) << state.status();
      loaded = std::string(skex::AsText(state->view()));
    }
    files.Crash();
    EXPECT_TRUE(HoldsNothingBut(files.Contents("lane"), loaded));
  }
}

TEST(LaneFileCrashTest, ALoadMayFailAnywhereAndBeTriedAgain) {
  for (uint64_t seed = 0; seed < 20 * kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    FakeFileSystem files(seed);
    {
      auto lane = LaneFile::Create(&files, "lane");
      ASSERT_TRUE((*lane)->Commit(AsBytes("old")).ok());
      // Both slots hold a state: the new one is durable, the old not erased.
      files.Fail(files.operations() + 2, absl::StatusCode::kUnavailable);
      ASSERT_FALSE((*lane)->Commit(AsBytes("new")).ok());
    }
    files.StopFailing();
    files.Fail(files.operations() + seed % 6, absl::StatusCode::kUnavailable,
               1);
    auto lane = LaneFile::Open(&files, "lane");
    ASSERT_TRUE(lane.ok());
    ASSERT_FALSE((*lane)->Load().ok());
    auto state = (*lane)->Load();
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(skex::AsText(state->view()), "new");
    EXPECT_TRUE(HoldsNothingBut(files.Durable("lane"), "new"));
  }
}

}  // namespace
}  // namespace service
