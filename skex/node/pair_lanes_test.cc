// Two agents alone: keys without any hub.

#include "skex/node/pair_lanes.h"

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/node/agent_events.h"
#include "skex/node/backoff.h"
#include "skex/node/pair_lanes_fixture.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"

namespace skex {
namespace {

class PairLanesTest : public PairLanesFixture {
 protected:
  PairLanesTest() : PairLanesFixture(/*hubs=*/0, LaneUse::kAlone) {}
};

TEST_F(PairLanesTest, KeysComeFromTheTwoAgentsAlone) {
  StartAll();
  Want(3);
  ExpectKeys(3, KeySource::kUnmediated);
  EXPECT_TRUE(All<KeysEstablished>(kAlice)[0]->initiator);
  EXPECT_FALSE(All<KeysEstablished>(kBob)[0]->initiator);
  EXPECT_TRUE(Keys(kAlice)[0]->terms->hubs.empty());
  EXPECT_TRUE(net_.refused.empty());
  EXPECT_TRUE(LastFailure().ok());
}

TEST_F(PairLanesTest, BothMayInitiateAtOnce) {
  StartAll();
  EXPECT_TRUE(
      net_.agent(kAlice).SetWanted(*AgentId::Parse(kBob), 2, net_.now()).ok());
  Want(2, kBob);
  std::set<KeyId> ids;
  for (const Key* key : Keys(kAlice)) ids.insert(key->id);
  for (const Key* key : Keys(kBob)) EXPECT_TRUE(ids.contains(key->id));
  EXPECT_EQ(ids.size(), 4u);
}

TEST_F(PairLanesTest, MoreKeysThanOneWindowHasComeOneAfterAnother) {
  StartAll();
  Want(50);
  ExpectKeys(50, KeySource::kUnmediated);
  EXPECT_EQ(Sent(LaneMessageType::kM1), 50);
  net_.Advance(kRunTimeout);
  EXPECT_TRUE(All<KeyUnconfirmed>(kBob).empty());
}

TEST_F(PairLanesTest, OnlyWhatIsWantedComes) {
  StartAll();
  net_.CutLanes();
  Want(5);
  Want(2);
  net_.MendLanes();
  net_.Settle();
  // Runs that were under way are not called back.
  EXPECT_EQ(Keys(kAlice).size(), 5u);
  Want(0);
  net_.Advance(absl::Seconds(10));
  EXPECT_EQ(Keys(kAlice).size(), 5u);
}

TEST_F(PairLanesTest, AgentThatDoesNotInitiateAnswers) {
  net_.lanes(kBob, kAlice).initiates = false;
  StartAll();
  Want(2, kBob);
  net_.Advance(absl::Seconds(5));
  EXPECT_TRUE(Keys(kBob).empty());
  Want(2);
  ExpectKeys(2, KeySource::kUnmediated);
}

// ---- What is lost

TEST_F(PairLanesTest, LostM1IsSentAgain) {
  StartAll();
  Lose(LaneMessageType::kM1);
  Want(1);
  EXPECT_TRUE(Keys(kBob).empty());
  net_.Advance(LaneInitiator::kFirstResend);
  ExpectKeys(1, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, LostM2IsSentAgainForTheSameKey) {
  StartAll();
  Lose(LaneMessageType::kM2);
  Want(1);
  EXPECT_EQ(Keys(kBob).size(), 1u);
  EXPECT_TRUE(Keys(kAlice).empty());
  net_.Advance(LaneInitiator::kFirstResend);
  ExpectKeys(1, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, KeyWhoseConfirmIsLostIsUnconfirmed) {
  StartAll();
  Lose(LaneMessageType::kConfirm);
  Want(2);
  ExpectKeys(2, KeySource::kUnmediated);
  net_.Advance(kRunTimeout);
  const auto unconfirmed = All<KeyUnconfirmed>(kBob);
  ASSERT_EQ(unconfirmed.size(), 1u);
  EXPECT_EQ(unconfirmed[0]->key, Keys(kBob)[0]->id);
  EXPECT_TRUE(All<KeyUnconfirmed>(kAlice).empty());
}

TEST_F(PairLanesTest, PeerThatIsAwayIsAskedLessOften) {
  net_.StartAgent(kAlice);
  Want(8);
  net_.Advance(kRunTimeout);
  EXPECT_EQ(All<ExchangeFailed>(kAlice).size(), 8u);
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kDeadlineExceeded);
  // One run at a time from now on, each of at most five M1.
  const int before = Sent(LaneMessageType::kM1);
  net_.Advance(absl::Minutes(10));
  EXPECT_LE(Sent(LaneMessageType::kM1) - before, 20 * 5);
  EXPECT_GT(Sent(LaneMessageType::kM1), before);

  net_.StartAgent(kBob);  // the way to it is new
  net_.Settle();
  ExpectKeys(8, KeySource::kUnmediated);
  EXPECT_TRUE(LastFailure().ok());
}

TEST_F(PairLanesTest, RunsUnderWayEndAtOnceWhenTheWayIsBack) {
  StartAll();
  net_.CutLanes();
  Want(3);
  net_.Advance(absl::Seconds(4));
  net_.MendLanes();
  net_.Settle();
  ExpectKeys(3, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, PeerThatRestartsInTheMiddleGivesTheNextLeaf) {
  StartAll();
  Lose(LaneMessageType::kM2);
  Want(1);
  net_.StartAgent(kBob);
  net_.Settle();
  EXPECT_EQ(Sent(LaneMessageType::kStale, kBob), 1);
  ASSERT_EQ(Keys(kAlice).size(), 1u);
  ASSERT_EQ(Keys(kBob).size(), 2u);
  EXPECT_TRUE(Same(*Keys(kAlice)[0], *Keys(kBob)[1]));
}

TEST_F(PairLanesTest, RestartedInitiatorGoesOn) {
  StartAll();
  Want(2);
  net_.StartAgent(kAlice);
  Want(2);
  ExpectKeys(4, KeySource::kUnmediated);
  EXPECT_TRUE(All<LaneRolledBack>(kAlice).empty());
  EXPECT_TRUE(All<LaneRolledBack>(kBob).empty());
}

// ---- Old copies

TEST_F(PairLanesTest, InitiatorRestoredFromAnOldCopyIsReportedAndJumps) {
  StartAll();
  const FakeLaneStorage backup = net_.lanes(kAlice, kBob).outgoing;
  Want(3);
  net_.StopAgent(kAlice);
  net_.lanes(kAlice, kBob).outgoing = backup;
  net_.StartAgent(kAlice);
  Want(1);
  const auto reported = All<LaneRolledBack>(kAlice);
  ASSERT_EQ(reported.size(), 1u);
  EXPECT_TRUE(reported[0]->outgoing);
  EXPECT_EQ(reported[0]->from, 1u);
  EXPECT_EQ(reported[0]->to, 3u);
  EXPECT_TRUE(All<LaneRolledBack>(kBob).empty());
  ExpectKeys(4, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, ResponderRestoredFromAnOldCopyIsReported) {
  StartAll();
  const FakeLaneStorage backup = net_.lanes(kBob, kAlice).incoming;
  Want(3);
  net_.StopAgent(kBob);
  net_.lanes(kBob, kAlice).incoming = backup;
  net_.StartAgent(kBob);
  Want(1);
  const auto reported = All<LaneRolledBack>(kBob);
  ASSERT_EQ(reported.size(), 1u);
  EXPECT_FALSE(reported[0]->outgoing);
  EXPECT_EQ(reported[0]->from, 0u);
  EXPECT_EQ(reported[0]->to, 3u);
  EXPECT_TRUE(All<LaneRolledBack>(kAlice).empty());
  ExpectKeys(4, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, LongJumpWaitsForTheOperator) {
  FakeLaneStorage& storage = net_.lanes(kBob, kAlice).incoming;
  LaneState state = *LaneState::Decode(AsBytes(*storage.state));
  state.lanes[0].tree.PunctureBelow(LaneInitiator::kMostJump + 10);
  ASSERT_TRUE(storage.Commit(state.Encode().view()).ok());
  StartAll();
  Want(1);
  net_.Advance(absl::Minutes(1));
  const size_t refused = All<LaneJumpRefused>(kAlice).size();
  EXPECT_GE(refused, 1u);
  EXPECT_LE(refused, 12u);  // backs off
  EXPECT_TRUE(Lanes().jump_waits());
  EXPECT_TRUE(Keys(kAlice).empty());

  EXPECT_TRUE(
      net_.agent(kAlice).AllowJump(*AgentId::Parse(kBob), net_.now()).ok());
  net_.Settle();
  EXPECT_FALSE(Lanes().jump_waits());
  ExpectKeys(1, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, NoJumpIsAllowedWhereNoneWaits) {
  StartAll();
  AgentNode& alice = net_.agent(kAlice);
  EXPECT_EQ(alice.AllowJump(*AgentId::Parse(kBob), net_.now()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(alice.AllowJump(*AgentId::Parse(kAlice), net_.now()).code(),
            absl::StatusCode::kNotFound);
}

// ---- What is refused

TEST_F(PairLanesTest, OtherUseLimitFailsWithTheReasonAndBacksOff) {
  net_.policy(kBob, kAlice).use_limit = 7;
  StartAll();
  Want(8);
  net_.Advance(absl::Minutes(1));
  EXPECT_TRUE(Keys(kAlice).empty());
  EXPECT_TRUE(Keys(kBob).empty());
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(LastFailure().message().find(kBob), absl::string_view::npos);
  EXPECT_NE(LastFailure().message().find("configurations differ"),
            absl::string_view::npos)
      << LastFailure();
  EXPECT_LE(Sent(LaneMessageType::kM1), 8 + 10);
}

TEST_F(PairLanesTest, OtherUseOfTheKeysIsRefused) {
  net_.lanes(kBob, kAlice).use = LaneUse::kMixed;
  StartAll();
  Want(1);
  net_.Advance(absl::Seconds(10));
  EXPECT_TRUE(Keys(kAlice).empty());
  EXPECT_TRUE(Keys(kBob).empty());
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PairLanesTest, FullDiskFailsAndBacksOff) {
  StartAll();
  net_.lanes(kAlice, kBob).outgoing.failure =
      absl::ResourceExhaustedError("no space left on the device");
  Want(8);
  net_.Advance(absl::Minutes(1));
  EXPECT_EQ(Sent(LaneMessageType::kM1), 0);
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(All<ExchangeFailed>(kAlice).size(), 12u);

  net_.lanes(kAlice, kBob).outgoing.failure = absl::OkStatus();
  net_.Advance(Backoff::kMost);
  ExpectKeys(8, KeySource::kUnmediated);
}

TEST_F(PairLanesTest, StrangersAreToldNothing) {
  StartAll();
  std::string m1;
  net_.tamper_lane = [&m1](const std::string&, const std::string&,
                           std::string& message) {
    m1 = message;
    return false;
  };
  Want(1);
  // Not of bob's lanes but of one of alice's own.
  const AgentNode::LaneReply reflected =
      net_.agent(kAlice).OnLaneRequest(AsBytes(m1), net_.now());
  EXPECT_EQ(reflected.status.code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(reflected.peer.has_value());
  EXPECT_TRUE(reflected.messages.empty());
  std::string changed = m1;
  changed.back() ^= 1;
  const AgentNode::LaneReply forged =
      net_.agent(kBob).OnLaneRequest(AsBytes(changed), net_.now());
  EXPECT_EQ(forged.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(forged.messages.empty());
  EXPECT_EQ(
      net_.agent(kBob)
          .OnLaneRequest(AsBytes(std::string("GET / HTTP/1.1")), net_.now())
          .status.code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_F(PairLanesTest, PeerThatShowsItselfIsAskedAtOnce) {
  StartAll();
  net_.CutLanes();
  Want(1);
  net_.Advance(absl::Minutes(5));
  ASSERT_EQ(LastFailure().code(), absl::StatusCode::kDeadlineExceeded);
  // A way back is all that bob needs to have.
  net_.StartAgent(kBob);
  net_.MendLanes();
  Want(1, kBob);
  net_.Leap(absl::Milliseconds(1));
  EXPECT_EQ(Keys(kAlice).size(), 2u);
}

}  // namespace
}  // namespace skex
