#include "skex/ratchet/initiator.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"

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

StatusCode FailureCode(const std::vector<LaneEvent>& events) {
  const RunFailed* const failed = Find<RunFailed>(events);
  return failed == nullptr ? StatusCode::kOk : failed->reason.code();
}

TEST(LaneInitiatorTest, RunGivesBothEndsTheSameKeyAndTerms) {
  FakeLane lane(1);
  const LaneStep started = lane.Start();
  ASSERT_TRUE(started.status.ok()) << started.status;
  const LaneStep answered = lane.ToResponder(started.message());
  lane.now.mono += absl::Milliseconds(5);
  const LaneStep finished = lane.ToInitiator(answered.message());
  ASSERT_TRUE(finished.status.ok()) << finished.status;
  const KeyAgreed* const ours = Find<KeyAgreed>(finished.events);
  const KeyAgreed* const theirs = Find<KeyAgreed>(answered.events);
  ASSERT_TRUE(ours != nullptr && theirs != nullptr);
  EXPECT_EQ(ours->key.id, theirs->key.id);
  EXPECT_EQ(ours->key.bytes.size(), 32u);
  EXPECT_TRUE(
      EqualInConstantTime(ours->key.bytes.view(), theirs->key.bytes.view()));
  EXPECT_EQ(ours->took, absl::Milliseconds(5));
  EXPECT_EQ(ours->key.terms->initiator_boot, theirs->key.terms->initiator_boot);
  EXPECT_EQ(ours->key.terms->responder_boot, theirs->key.terms->responder_boot);
  EXPECT_NE(ours->key.terms->initiator_boot, ours->key.terms->responder_boot);
  EXPECT_EQ(ours->key.terms->source, KeySource::kUnmediated);
  EXPECT_EQ(ours->key.terms->label, KeyLabel::kComputational);
  EXPECT_EQ(lane.initiator->outstanding(), 0u);
}

TEST(LaneInitiatorTest, KeyIsConfirmedInTheStepThatGivesIt) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  const std::string m2 = lane.ToResponder(m1).message();
  const LaneStep finished = lane.ToInitiator(m2);
  ASSERT_NE(Find<KeyAgreed>(finished.events), nullptr);
  const absl::StatusOr<LaneConfirmMessage> confirm =
      LaneConfirmMessage::Parse(AsBytes(finished.message()));
  ASSERT_TRUE(confirm.ok()) << confirm.status();
  EXPECT_EQ(confirm->lane, ParsedM1(m1).lane);
  EXPECT_EQ(confirm->index, ParsedM1(m1).index);
  EXPECT_TRUE(lane.ToResponder(finished.message()).status.ok());
  // Once: it is never answered, so nobody would know when to stop.
  EXPECT_TRUE(lane.Pass(kRunTimeout).first.messages.empty());
}

TEST(LaneInitiatorTest, NothingIsConfirmedWithoutAKey) {
  FakeLane lane(1);
  lane.responder_policy.use_limit = 5;
  ASSERT_TRUE(lane.RestartResponder().ok());
  const LaneStep refused = lane.ToResponder(lane.Start().message());
  EXPECT_TRUE(lane.ToInitiator(refused.message()).messages.empty());
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  const LaneStep rerooted =
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message());
  EXPECT_TRUE(lane.ToInitiator(rerooted.message()).messages.empty());
}

TEST(LaneInitiatorTest, KeysHaveTheConfiguredSize) {
  LanePolicy policy = FakeLanePolicy();
  policy.freshness = Freshness::kDelivery;
  policy.key_bytes = 4096;
  FakeLane lane(1, policy);
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  const KeyAgreed* const key = Find<KeyAgreed>(answered.events);
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->key.bytes.size(), 4096u);
}

TEST(LaneInitiatorTest, EveryRunHasAnotherIndexIdAndKey) {
  FakeLane lane(1);
  const LaneStep one = lane.ToResponder(lane.Start().message());
  const LaneStep two = lane.ToResponder(lane.Start().message());
  const Key& a = Find<KeyAgreed>(one.events)->key;
  const Key& b = Find<KeyAgreed>(two.events)->key;
  EXPECT_NE(a.id, b.id);
  EXPECT_FALSE(EqualInConstantTime(a.bytes.view(), b.bytes.view()));
}

TEST(LaneInitiatorTest, LeavesAreClaimedDurablyBeforeM1Leaves) {
  FakeLane lane(1);
  const LaneStep started = lane.Start();
  const uint32_t index = ParsedM1(started.message()).index;
  EXPECT_EQ(index, 0u);
  // Nothing of the claimed leaves is on the medium.
  EXPECT_EQ(DurableLane(lane).tree.first(), kLaneWindow);
}

TEST(LaneInitiatorTest, OneDurableWriteCoversAWindowOfRuns) {
  FakeLane lane(1);
  const uint64_t before = lane.initiator_storage.commits;
  ASSERT_TRUE(lane.Runs(kLaneWindow));
  EXPECT_EQ(lane.initiator_storage.commits, before + 1);
  ASSERT_TRUE(lane.Run());
  EXPECT_EQ(lane.initiator_storage.commits, before + 2);
  EXPECT_EQ(DurableLane(lane).tree.first(), 2 * kLaneWindow);
}

TEST(LaneInitiatorTest, NoMessageLeavesWithoutItsDurableWrite) {
  for (const absl::Status& failure :
       {absl::ResourceExhaustedError("full"), absl::UnavailableError("io")}) {
    FakeLane lane(1);
    lane.initiator_storage.failure = failure;
    const LaneStep failed = lane.Start();
    EXPECT_EQ(failed.status.code(), failure.code());
    EXPECT_TRUE(failed.messages.empty());
    EXPECT_EQ(lane.initiator->outstanding(), 0u);
    lane.initiator_storage.failure = absl::OkStatus();
    EXPECT_TRUE(lane.Run());
  }
}

TEST(LaneInitiatorTest, RestartSkipsWhatWasClaimed) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.Runs(3));
  ASSERT_TRUE(lane.RestartInitiator().ok());
  const LaneStep started = lane.Start();
  EXPECT_EQ(ParsedM1(started.message()).index, kLaneWindow);
  EXPECT_TRUE(lane.ToResponder(started.message()).status.ok());
  EXPECT_EQ(lane.responder->skipped_leaves(), kLaneWindow - 3);
}

TEST(LaneInitiatorTest, M1NamesTheLowestOutstandingAndTheHighestFinished) {
  FakeLane lane(1);
  const std::string first = lane.Start().message();
  const std::string second = lane.Start().message();
  const std::string third = lane.Start().message();
  EXPECT_EQ(ParsedM1(third).lowest, 0u);
  EXPECT_EQ(ParsedM1(third).finished, 0u);
  ASSERT_TRUE(lane.ToInitiator(lane.ToResponder(first).message()).status.ok());
  const M1Message fourth = ParsedM1(lane.Start().message());
  EXPECT_EQ(fourth.lowest, 1u);
  EXPECT_EQ(fourth.finished, 1u);
  ASSERT_TRUE(lane.ToInitiator(lane.ToResponder(third).message()).status.ok());
  const M1Message fifth = ParsedM1(lane.Start().message());
  EXPECT_EQ(fifth.lowest, 1u);
  EXPECT_EQ(fifth.finished, 3u);
}

TEST(LaneInitiatorTest, RunsUnderWayAreBounded) {
  FakeLane lane(1);
  for (size_t i = 0; i < kMostTentative; ++i) {
    ASSERT_TRUE(lane.Start().status.ok());
  }
  EXPECT_EQ(lane.Start().status.code(), StatusCode::kResourceExhausted);
  lane.Pass(kRunTimeout);
  EXPECT_TRUE(lane.Run());
}

TEST(LaneInitiatorTest, SendsM1AgainLessAndLessOftenThenGivesUp) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  std::vector<int> resent;
  for (int second = 1; second < 30; ++second) {
    const LaneStep step = lane.Pass(absl::Seconds(1)).first;
    if (step.messages.empty()) continue;
    EXPECT_EQ(step.message(), m1);
    resent.push_back(second);
  }
  EXPECT_EQ(resent, (std::vector<int>{1, 3, 7, 15}));
  EXPECT_EQ(lane.initiator->outstanding(), 1u);
  const LaneStep given_up = lane.Pass(absl::Seconds(1)).first;
  EXPECT_EQ(FailureCode(given_up.events), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(given_up.messages.empty());
  EXPECT_EQ(lane.initiator->outstanding(), 0u);
}

TEST(LaneInitiatorTest, SendsEveryM1AgainAtOnceOnANewConnection) {
  FakeLane lane(1);
  const std::string one = lane.Start().message();
  for (const int seconds : {1, 2, 4}) lane.Pass(absl::Seconds(seconds));
  const std::string other = lane.Start().message();
  lane.initiator->OnConnected(lane.now);
  EXPECT_EQ(lane.initiator->TakeMessages(),
            (std::vector<std::string>{one, other}));
  EXPECT_TRUE(lane.initiator->TakeEvents().empty());
  // From here as after the first time, each run for as long as before.
  EXPECT_EQ(lane.initiator->NextTime(), lane.now.mono + absl::Seconds(1));
  std::vector<int> resent;
  for (int second = 8; second < 30; ++second) {
    const LaneStep step = lane.Pass(absl::Seconds(1)).first;
    if (!step.messages.empty()) resent.push_back(second);
    EXPECT_TRUE(step.messages.empty() || step.messages.size() == 2u);
  }
  EXPECT_EQ(resent, (std::vector<int>{8, 10, 14, 22}));
  EXPECT_EQ(FailureCode(lane.Pass(absl::Seconds(1)).first.events),
            StatusCode::kDeadlineExceeded);
  EXPECT_EQ(lane.initiator->outstanding(), 1u);
}

TEST(LaneInitiatorTest, NewConnectionWithoutRunsSendsNothing) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.Run());
  lane.initiator->OnConnected(lane.now);
  EXPECT_TRUE(lane.initiator->TakeMessages().empty());
  EXPECT_FALSE(lane.initiator->NextTime().has_value());
}

TEST(LaneInitiatorTest, NextTimeIsWhenSomethingIsDue) {
  FakeLane lane(1);
  EXPECT_FALSE(lane.initiator->NextTime().has_value());
  const absl::Duration start = lane.now.mono;
  lane.Start();
  EXPECT_EQ(lane.initiator->NextTime(), start + absl::Seconds(1));
  for (const int seconds : {1, 2, 4, 8}) lane.Pass(absl::Seconds(seconds));
  EXPECT_EQ(lane.initiator->NextTime(), start + kRunTimeout);
}

TEST(LaneInitiatorTest, AnswerAfterGivingUpIsRefused) {
  FakeLane lane(1);
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  lane.Pass(kRunTimeout);
  const LaneStep late = lane.ToInitiator(answered.message());
  EXPECT_EQ(late.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(late.events.empty());
}

TEST(LaneInitiatorTest, SecondAnswerIsRefused) {
  FakeLane lane(1);
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  ASSERT_TRUE(lane.ToInitiator(answered.message()).status.ok());
  const LaneStep again = lane.ToInitiator(answered.message());
  EXPECT_EQ(again.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(again.events.empty());
}

TEST(LaneInitiatorTest, EveryFlippedBitOfM2IsRefusedAndChangesNothing) {
  FakeLane lane(1);
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  const std::string good = answered.message();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const LaneStep refused = lane.ToInitiator(bad);
    EXPECT_FALSE(refused.status.ok()) << bit;
    EXPECT_TRUE(refused.events.empty() && refused.messages.empty()) << bit;
  }
  EXPECT_TRUE(lane.ToInitiator(good).status.ok());
}

TEST(LaneInitiatorTest, M2ThatDoesNotVerifyIsDataLoss) {
  FakeLane lane(1);
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  std::string bad = answered.message();
  bad.back() ^= 1;
  EXPECT_EQ(lane.ToInitiator(bad).status.code(), StatusCode::kDataLoss);
}

TEST(LaneInitiatorTest, OtherBytesAreInvalid) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  EXPECT_EQ(lane.ToInitiator("").status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(lane.ToInitiator(m1).status.code(), StatusCode::kInvalidArgument);
  const std::string m2 = lane.ToResponder(m1).message();
  EXPECT_EQ(lane.ToInitiator(m2 + "x").status.code(),
            StatusCode::kInvalidArgument);
  const std::string confirm = lane.ToInitiator(m2).message();
  EXPECT_EQ(lane.ToInitiator(confirm).status.code(),
            StatusCode::kInvalidArgument);
}

TEST(LaneInitiatorTest, AnswersMayComeInAnyOrder) {
  FakeLane lane(1);
  std::vector<std::string> m2s;
  for (size_t i = 0; i < kMostTentative; ++i) {
    m2s.push_back(lane.ToResponder(lane.Start().message()).message());
  }
  for (size_t i = m2s.size(); i-- > 0;) {
    const LaneStep finished = lane.ToInitiator(m2s[i]);
    ASSERT_TRUE(finished.status.ok()) << finished.status;
    EXPECT_EQ(Find<KeyAgreed>(finished.events)->index, i);
  }
}

TEST(LaneInitiatorTest, RefusalEndsTheRunWithItsReason) {
  FakeLane lane(1);
  lane.responder_policy.key_bytes = 48;
  ASSERT_TRUE(lane.RestartResponder().ok());
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  EXPECT_EQ(answered.status.code(), StatusCode::kFailedPrecondition);
  const LaneStep refused = lane.ToInitiator(answered.message());
  EXPECT_TRUE(refused.status.ok());
  ASSERT_EQ(FailureCode(refused.events), StatusCode::kFailedPrecondition);
  EXPECT_NE(Find<RunFailed>(refused.events)
                ->reason.message()
                .find("configurations differ"),
            absl::string_view::npos);
  EXPECT_EQ(Find<KeyAgreed>(refused.events), nullptr);
}

TEST(LaneInitiatorTest, OpensOnlyItsOwnLane) {
  FakeLane lane(1);
  const auto code = [&lane] { return lane.RestartInitiator().code(); };
  const FakeLaneStorage good = lane.initiator_storage;
  lane.initiator_storage.state = lane.responder_storage.state;
  EXPECT_EQ(code(), StatusCode::kFailedPrecondition);
  lane.initiator_storage.state.reset();
  EXPECT_EQ(code(), StatusCode::kNotFound);
  lane.initiator_storage.state = "SKXL\x02";
  EXPECT_EQ(code(), StatusCode::kInvalidArgument);
  lane.initiator_storage = good;
  lane.initiator_storage.state->back() ^= 1;
  EXPECT_EQ(code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace skex
