#include "skex/ratchet/responder.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"

namespace skex {
namespace {

using absl::StatusCode;

Lane DurableLane(const FakeLane& lane) {
  return std::move(
      LaneState::Decode(AsBytes(*lane.responder_storage.state))->lanes[0]);
}

bool IsStale(const std::string& bytes) {
  return StaleMessage::Parse(AsBytes(bytes)).ok();
}

TEST(LaneResponderTest, PunctureIsDurableBeforeM2OrKeyLeaves) {
  FakeLane lane(1);
  EXPECT_TRUE(DurableLane(lane).tree.Covers(0));
  ASSERT_TRUE(lane.ToResponder(lane.Start().message()).status.ok());
  EXPECT_FALSE(DurableLane(lane).tree.Covers(0));
}

TEST(LaneResponderTest, NothingLeavesWithoutItsDurableWrite) {
  for (const absl::Status& failure :
       {absl::ResourceExhaustedError("full"), absl::UnavailableError("io")}) {
    FakeLane lane(1);
    const std::string m1 = lane.Start().message();
    lane.responder_storage.failure = failure;
    const LaneStep failed = lane.ToResponder(m1);
    EXPECT_EQ(failed.status.code(), failure.code());
    EXPECT_TRUE(failed.messages.empty());
    EXPECT_EQ(Find<KeyAgreed>(failed.events), nullptr);
    EXPECT_EQ(lane.responder->tentative(), 0u);
    lane.responder_storage.failure = absl::OkStatus();
    EXPECT_TRUE(lane.Run());
  }
}

TEST(LaneResponderTest, SameM1GetsTheSameM2AndNoSecondKey) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  const LaneStep first = lane.ToResponder(m1);
  const uint64_t commits = lane.responder_storage.commits;
  const LaneStep second = lane.ToResponder(m1);
  EXPECT_TRUE(second.status.ok());
  EXPECT_EQ(second.message(), first.message());
  EXPECT_TRUE(second.events.empty());
  EXPECT_EQ(lane.responder->tentative(), 1u);
  EXPECT_EQ(lane.responder_storage.commits, commits);
}

TEST(LaneResponderTest, KeptM2IsForgottenWhenNobodyWaitsForIt) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  lane.ToResponder(m1);
  lane.Pass(kRunTimeout - absl::Seconds(1));
  EXPECT_TRUE(lane.ToResponder(m1).status.ok());
  lane.Pass(absl::Seconds(1));
  const LaneStep late = lane.ToResponder(m1);
  EXPECT_EQ(late.status.code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(IsStale(late.message()));
}

TEST(LaneResponderTest, AnotherM1OfAUsedLeafGetsStale) {
  FakeLane lane(1);
  const FakeLaneStorage backup = lane.initiator_storage;
  ASSERT_TRUE(lane.Run());
  // The same index from a restored initiator: another nonce. The M2 of the
  // first one is still kept.
  lane.initiator_storage = backup;
  ASSERT_TRUE(lane.RestartInitiator().ok());
  const std::string m1 = lane.Start().message();
  ASSERT_EQ(M1Message::Parse(AsBytes(m1))->index, 0u);
  const LaneStep stale = lane.ToResponder(m1);
  EXPECT_EQ(stale.status.code(), StatusCode::kAlreadyExists);
  const StaleMessage parsed = *StaleMessage::Parse(AsBytes(stale.message()));
  EXPECT_EQ(parsed.nonce, M1Message::Parse(AsBytes(m1))->nonce);
  EXPECT_EQ(parsed.next, 1u);
  EXPECT_TRUE(stale.events.empty());
}

TEST(LaneResponderTest, EveryFlippedBitIsRefusedAndChangesNothing) {
  FakeLane lane(1);
  const std::string good = lane.Start().message();
  const std::string before = *lane.responder_storage.state;
  const uint64_t commits = lane.responder_storage.commits;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const LaneStep refused = lane.ToResponder(bad);
    EXPECT_FALSE(refused.status.ok()) << bit;
    EXPECT_TRUE(refused.messages.empty() && refused.events.empty()) << bit;
  }
  EXPECT_EQ(lane.responder_storage.commits, commits);
  EXPECT_EQ(*lane.responder_storage.state, before);
  EXPECT_TRUE(lane.ToResponder(good).status.ok());
}

TEST(LaneResponderTest, OtherBytesAreInvalid) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  EXPECT_EQ(lane.ToResponder("").status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(lane.ToResponder("\x16\x03\x01").status.code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(lane.ToResponder(m1 + "x").status.code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(lane.ToResponder(lane.ToResponder(m1).message()).status.code(),
            StatusCode::kInvalidArgument);
}

TEST(LaneResponderTest, KnowsItsOwnLane) {
  FakeLane lane(1);
  FakeLane other(2);
  EXPECT_TRUE(lane.responder->Knows(DurableLane(lane).id));
  EXPECT_FALSE(lane.responder->Knows(DurableLane(other).id));
  EXPECT_FALSE(lane.responder->Knows(LaneId()));
}

TEST(LaneResponderTest, M1OfAnotherLaneIsNotFound) {
  FakeLane lane(1);
  FakeLane other(2);
  const LaneStep refused = lane.ToResponder(other.Start().message());
  EXPECT_EQ(refused.status.code(), StatusCode::kNotFound);
  EXPECT_TRUE(refused.messages.empty());
}

TEST(LaneResponderTest, M1BentUnderALeakedGateKeyIsDataLoss) {
  FakeLane lane(1);
  const std::string good = lane.Start().message();
  M1Message m1 = *M1Message::Parse(AsBytes(good));
  m1.nonce[0] ^= 1;
  const std::string bad = m1.Seal(FakeRoot(9), DurableLane(lane).gate);
  const LaneStep refused = lane.ToResponder(bad);
  EXPECT_EQ(refused.status.code(), StatusCode::kDataLoss);
  EXPECT_TRUE(refused.messages.empty());
  EXPECT_TRUE(lane.ToResponder(good).status.ok());
}

TEST(LaneResponderTest, LeafThatIsNeverUsedIsRefused) {
  FakeLane lane(1);
  M1Message m1 = *M1Message::Parse(AsBytes(lane.Start().message()));
  m1.index = kLastLeaf + 1;
  const LeafKeys keys =
      DeriveLeafKeys(DurableLane(lane).tree.Evaluate(m1.index)->bytes.view());
  EXPECT_EQ(lane.ToResponder(m1.Seal(keys.tag1, DurableLane(lane).gate))
                .status.code(),
            StatusCode::kInvalidArgument);
}

TEST(LaneResponderTest, M1OfOtherTermsIsRefusedWithAnAnswer) {
  FakeLane lane(1);
  lane.responder_policy.use_limit = 5;
  ASSERT_TRUE(lane.RestartResponder().ok());
  const std::string m1 = lane.Start().message();
  const LaneStep refused = lane.ToResponder(m1);
  EXPECT_EQ(refused.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(M2Message::Parse(AsBytes(refused.message()))->status,
            RunStatus::kOtherTerms);
  EXPECT_EQ(Find<KeyAgreed>(refused.events), nullptr);
  EXPECT_EQ(lane.responder->tentative(), 0u);
  // One leaf, one answer, whatever the configuration is later.
  EXPECT_EQ(lane.ToResponder(m1).message(), refused.message());
  EXPECT_FALSE(DurableLane(lane).tree.Covers(0));
}

// --- Order, loss, replays ---

TEST(LaneResponderTest, TakesM1sInAnyOrder) {
  FakeLane lane(1);
  std::vector<std::string> m1s;
  for (size_t i = 0; i < kMostTentative; ++i) {
    m1s.push_back(lane.Start().message());
  }
  for (size_t i = m1s.size(); i-- > 0;) {
    const LaneStep finished =
        lane.ToInitiator(lane.ToResponder(m1s[i]).message());
    EXPECT_EQ(Find<KeyAgreed>(finished.events)->index, i);
  }
}

TEST(LaneResponderTest, PuncturesBelowTheLowestOutstanding) {
  FakeLane lane(1);
  const std::string lost = lane.Start().message();
  lane.Pass(kRunTimeout);
  ASSERT_TRUE(lane.Run());
  EXPECT_EQ(DurableLane(lane).tree.first(), 2u);
  EXPECT_EQ(lane.responder->skipped_leaves(), 1u);
  const LaneStep late = lane.ToResponder(lost);
  EXPECT_EQ(late.status.code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(IsStale(late.message()));
}

TEST(LaneResponderTest, PuncturesEverythingAWindowBehind) {
  FakeLane lane(1);
  const std::string held_back = lane.Start().message();
  ASSERT_TRUE(lane.Runs(kLaneWindow));
  // The run at index 0 is still outstanding, and just inside.
  EXPECT_EQ(DurableLane(lane).tree.first(), 0u);
  ASSERT_TRUE(lane.Run());
  EXPECT_EQ(DurableLane(lane).tree.first(), kLaneWindow + 2);
  EXPECT_EQ(lane.ToResponder(held_back).status.code(),
            StatusCode::kAlreadyExists);
}

TEST(LaneResponderTest, ReplayedM1sCannotWalkTheLane) {
  FakeLane lane(1);
  std::vector<std::string> recorded;
  for (int i = 0; i < 200; ++i) {
    recorded.push_back(lane.Start().message());
    const std::string m2 = lane.ToResponder(recorded.back()).message();
    lane.ToResponder(lane.ToInitiator(m2).message());
  }
  ASSERT_TRUE(lane.RestartResponder().ok());
  const uint64_t commits = lane.responder_storage.commits;
  const std::string outstanding = lane.Start().message();
  for (int round = 0; round < 5; ++round) {
    for (const std::string& m1 : recorded) {
      const LaneStep stale = lane.ToResponder(m1);
      ASSERT_EQ(stale.status.code(), StatusCode::kAlreadyExists);
      ASSERT_EQ(lane.ToInitiator(stale.message()).status.code(),
                StatusCode::kFailedPrecondition);
    }
  }
  EXPECT_EQ(lane.responder_storage.commits, commits);
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
  const LaneStep finished =
      lane.ToInitiator(lane.ToResponder(outstanding).message());
  EXPECT_EQ(Find<KeyAgreed>(finished.events)->index, 200u);
}

TEST(LaneResponderTest, M1sHeldBackByAnAttackerAreFewAndLapse) {
  FakeLane lane(1);
  std::vector<std::string> held_back;
  for (int i = 0; i < 40; ++i) {
    held_back.push_back(lane.Start().message());
    if (i % 8 == 7) lane.Pass(kRunTimeout);
  }
  size_t accepted = 0;
  for (const std::string& m1 : held_back) {
    accepted += lane.ToResponder(m1).status.ok() ? 1 : 0;
  }
  EXPECT_EQ(accepted, kMostTentative);
  // The initiator has given these runs up: nobody can confirm them.
  EXPECT_EQ(lane.Pass(kRunTimeout).second.events.size(), kMostTentative);
  // The next genuine M1 ends the rest.
  ASSERT_TRUE(lane.Run());
  for (const std::string& m1 : held_back) {
    EXPECT_EQ(lane.ToResponder(m1).status.code(), StatusCode::kAlreadyExists);
  }
}

TEST(LaneResponderTest, RestoredResponderLearnsItFromTheNextM1) {
  for (const int back : {5, 500, 1024, 3000}) {
    FakeLane lane(1);
    ASSERT_TRUE(lane.Runs(10));
    const FakeLaneStorage backup = lane.responder_storage;
    ASSERT_TRUE(lane.Runs(back));
    lane.responder_storage = backup;
    ASSERT_TRUE(lane.RestartResponder().ok());
    const LaneStep answered = lane.ToResponder(lane.Start().message());
    ASSERT_TRUE(answered.status.ok()) << answered.status;
    const RollbackDetected* const rollback =
        Find<RollbackDetected>(answered.events);
    ASSERT_NE(rollback, nullptr) << back;
    EXPECT_EQ(rollback->from, 10u);
    EXPECT_EQ(rollback->to, 10u + back);
    EXPECT_EQ(lane.responder->rollbacks_detected(), 1u);
    // The leaves that came back are gone again.
    EXPECT_EQ(DurableLane(lane).tree.first(), 11u + back);
    EXPECT_TRUE(lane.Run());
    EXPECT_EQ(lane.responder->rollbacks_detected(), 1u);
  }
}

TEST(LaneResponderTest, RestartsAloneAreNoRollback) {
  FakeLane lane(1);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(lane.Runs(3));
    ASSERT_TRUE(lane.RestartResponder().ok());
    ASSERT_TRUE(lane.Run());
    lane.Start();
    ASSERT_TRUE(lane.RestartInitiator().ok());
    ASSERT_TRUE(lane.Run());
  }
  EXPECT_EQ(lane.responder->rollbacks_detected(), 0u);
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
}

TEST(LaneResponderTest, StolenDiskOpensNoKeyOfBefore) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.Runs(20));
  const Lane responder = DurableLane(lane);
  const LaneState initiator =
      std::move(*LaneState::Decode(AsBytes(*lane.initiator_storage.state)));
  for (uint32_t index = 0; index < 20; ++index) {
    EXPECT_FALSE(responder.tree.Covers(index));
    EXPECT_FALSE(initiator.lanes[0].tree.Covers(index));
  }
}

TEST(LaneResponderTest, OpensOnlyItsOwnLane) {
  FakeLane lane(1);
  const auto code = [&lane] { return lane.RestartResponder().code(); };
  const FakeLaneStorage good = lane.responder_storage;
  lane.responder_storage.state = lane.initiator_storage.state;
  EXPECT_EQ(code(), StatusCode::kFailedPrecondition);
  lane.responder_storage.state.reset();
  EXPECT_EQ(code(), StatusCode::kNotFound);
  lane.responder_storage.state = "SKXL\x02";
  EXPECT_EQ(code(), StatusCode::kInvalidArgument);
  lane.responder_storage = good;
  lane.responder_storage.state->back() ^= 1;
  EXPECT_EQ(code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace skex
