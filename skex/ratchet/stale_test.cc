#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"

// What a STALE may make an initiator do.

namespace skex {
namespace {

using absl::StatusCode;

// The lane as the initiator's storage holds it.
Lane DurableLane(const FakeLane& lane) {
  return std::move(
      LaneState::Decode(AsBytes(*lane.initiator_storage.state))->lanes[0]);
}

M1Message ParsedM1(const std::string& bytes) {
  return *M1Message::Parse(AsBytes(bytes));
}

// What a responder with the lane's static key would say of `m1`.
std::string StaleFor(const FakeLane& lane, const std::string& m1,
                     uint32_t next) {
  const M1Message parsed = ParsedM1(m1);
  const StaleMessage stale = {.lane = parsed.lane,
                              .index = parsed.index,
                              .nonce = parsed.nonce,
                              .next = next};
  return stale.Seal(DurableLane(lane).stale);
}

StatusCode FailureCode(const std::vector<LaneEvent>& events) {
  const RunFailed* const failed = Find<RunFailed>(events);
  return failed == nullptr ? StatusCode::kOk : failed->reason.code();
}

TEST(StaleTest, StaleOfItsOwnLeafEndsTheRunWithoutAJump) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  ASSERT_TRUE(lane.ToResponder(m1).status.ok());
  // The kept M2 dies with the responder's process.
  ASSERT_TRUE(lane.RestartResponder().ok());
  const LaneStep stale = lane.ToResponder(m1);
  EXPECT_EQ(stale.status.code(), StatusCode::kAlreadyExists);
  const LaneStep told = lane.ToInitiator(stale.message());
  EXPECT_TRUE(told.status.ok());
  EXPECT_EQ(FailureCode(told.events), StatusCode::kAborted);
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
  EXPECT_EQ(ParsedM1(lane.Start().message()).index, 1u);
}

TEST(StaleTest, RestoredInitiatorLearnsItFromOneStale) {
  for (const int back : {5, 500, 1024, 3000}) {
    FakeLane lane(1);
    ASSERT_TRUE(lane.Run());
    const FakeLaneStorage backup = lane.initiator_storage;
    ASSERT_TRUE(lane.Runs(back + kLaneWindow));
    const uint32_t used = 1 + back + kLaneWindow;
    lane.initiator_storage = backup;
    ASSERT_TRUE(lane.RestartInitiator().ok());
    const LaneStep stale = lane.ToResponder(lane.Start().message());
    EXPECT_EQ(stale.status.code(), StatusCode::kAlreadyExists);
    const LaneStep told = lane.ToInitiator(stale.message());
    const RollbackDetected* const rollback =
        Find<RollbackDetected>(told.events);
    ASSERT_NE(rollback, nullptr) << back;
    EXPECT_EQ(rollback->from, kLaneWindow + 1);
    EXPECT_EQ(rollback->to, used);
    EXPECT_EQ(lane.initiator->rollbacks_detected(), 1u);
    const std::string m1 = lane.Start().message();
    EXPECT_EQ(ParsedM1(m1).index, used);
    // The leaves that the backup brought back are gone from the medium.
    EXPECT_GT(DurableLane(lane).tree.first(), used);
    EXPECT_TRUE(lane.ToInitiator(lane.ToResponder(m1).message()).status.ok());
    EXPECT_TRUE(lane.Run());
  }
}

TEST(StaleTest, StaleOfNoOutstandingNonceIsRefused) {
  FakeLane lane(1);
  const std::string old = lane.Start().message();
  ASSERT_TRUE(lane.ToInitiator(lane.ToResponder(old).message()).status.ok());
  const std::string m1 = lane.Start().message();
  EXPECT_EQ(lane.ToInitiator(StaleFor(lane, old, 900)).status.code(),
            StatusCode::kFailedPrecondition);
  // The index of a run under way, the nonce of another.
  StaleMessage mixed = *StaleMessage::Parse(AsBytes(StaleFor(lane, m1, 900)));
  mixed.nonce = ParsedM1(old).nonce;
  EXPECT_EQ(lane.ToInitiator(mixed.Seal(DurableLane(lane).stale)).status.code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(lane.initiator->outstanding(), 1u);
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
}

TEST(StaleTest, EveryFlippedBitOfStaleIsRefused) {
  FakeLane lane(1);
  const std::string good = StaleFor(lane, lane.Start().message(), 900);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(lane.ToInitiator(bad).status.ok()) << bit;
  }
  std::string bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(lane.ToInitiator(bad).status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(lane.initiator->outstanding(), 1u);
  EXPECT_TRUE(lane.ToInitiator(good).status.ok());
}

TEST(StaleTest, StaleNeverLeadsBack) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.Runs(10));
  const std::string m1 = lane.Start().message();
  EXPECT_TRUE(lane.ToInitiator(StaleFor(lane, m1, 3)).status.ok());
  EXPECT_EQ(ParsedM1(lane.Start().message()).index, 11u);
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
}

TEST(StaleTest, JumpInsideTheClaimedLeavesNeedsNoDurableWrite) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  const uint64_t before = lane.initiator_storage.commits;
  ASSERT_TRUE(lane.ToInitiator(StaleFor(lane, m1, 900)).status.ok());
  EXPECT_EQ(ParsedM1(lane.Start().message()).index, 900u);
  EXPECT_EQ(lane.initiator_storage.commits, before);
}

TEST(StaleTest, LongestJumpIsObeyedAndALongerOneNeedsTheOperator) {
  FakeLane lane(1);
  std::string m1 = lane.Start().message();
  const uint32_t longest = 1 + LaneInitiator::kMostJump;
  ASSERT_TRUE(lane.ToInitiator(StaleFor(lane, m1, longest)).status.ok());
  m1 = lane.Start().message();
  EXPECT_EQ(ParsedM1(m1).index, longest);
  EXPECT_EQ(lane.initiator->AllowJump().code(),
            StatusCode::kFailedPrecondition);

  const uint32_t longer = longest + 2 + LaneInitiator::kMostJump;
  const LaneStep told = lane.ToInitiator(StaleFor(lane, m1, longer));
  const JumpRefused* const refused = Find<JumpRefused>(told.events);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->from, longest + 1);
  EXPECT_EQ(refused->to, longer);
  m1 = lane.Start().message();
  EXPECT_EQ(ParsedM1(m1).index, longest + 1);

  EXPECT_TRUE(lane.initiator->AllowJump().ok());
  EXPECT_EQ(lane.initiator->AllowJump().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(ParsedM1(lane.Start().message()).index, longer);
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 2u);
}

TEST(StaleTest, NoStaleLeadsBehindHalfOfTheLane) {
  FakeLane lane(1);
  std::string m1 = lane.Start().message();
  const uint32_t half = LaneInitiator::kHalfOfLane;
  // To just before it, with the operator.
  lane.ToInitiator(StaleFor(lane, m1, half - 10));
  ASSERT_TRUE(lane.initiator->AllowJump().ok());
  m1 = lane.Start().message();
  ASSERT_EQ(ParsedM1(m1).index, half - 10);
  EXPECT_NE(
      Find<JumpRefused>(lane.ToInitiator(StaleFor(lane, m1, half + 1)).events),
      nullptr);
  m1 = lane.Start().message();
  EXPECT_EQ(ParsedM1(m1).index, half - 9);
  EXPECT_EQ(
      Find<JumpRefused>(lane.ToInitiator(StaleFor(lane, m1, half)).events),
      nullptr);
  EXPECT_EQ(ParsedM1(lane.Start().message()).index, half);
}

TEST(StaleTest, UsedUpLaneSaysSo) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  lane.ToInitiator(StaleFor(lane, m1, kLastLeaf));
  ASSERT_TRUE(lane.initiator->AllowJump().ok());
  EXPECT_EQ(ParsedM1(lane.Start().message()).index, kLastLeaf);
  EXPECT_EQ(lane.Start().status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(lane.initiator->remaining(), 0u);
  ASSERT_TRUE(lane.RestartInitiator().ok());
  EXPECT_EQ(lane.Start().status.code(), StatusCode::kResourceExhausted);
}

TEST(StaleTest, LastLeafGivesAKey) {
  FakeLane lane(1);
  lane.ToInitiator(StaleFor(lane, lane.Start().message(), kLastLeaf));
  ASSERT_TRUE(lane.initiator->AllowJump().ok());
  const std::string m1 = lane.Start().message();
  ASSERT_TRUE(lane.ToResponder(m1).status.ok());
  // A STALE can still say what comes next.
  ASSERT_TRUE(lane.RestartResponder().ok());
  const std::string bytes = lane.ToResponder(m1).message();
  EXPECT_EQ(StaleMessage::Parse(AsBytes(bytes))->next, kLastLeaf + 1);
}

}  // namespace
}  // namespace skex
