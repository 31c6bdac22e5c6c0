// Lanes and hubs together: keys that are mixed of both.

#include <cstddef>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/node/agent_events.h"
#include "skex/node/backoff.h"
#include "skex/node/pair_lanes.h"
#include "skex/node/pair_lanes_fixture.h"
#include "skex/psk/key.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/messages.h"

namespace skex {
namespace {

constexpr absl::Duration kLong = absl::Minutes(2);

// Without one of the two sources there are no keys.
class MixedLanesTest : public PairLanesFixture {
 protected:
  explicit MixedLanesTest(LaneUse use = LaneUse::kMixed)
      : PairLanesFixture(/*hubs=*/5, use) {}

  // As StartAll(), and what is due at a start is over.
  void StartAndHeal() {
    StartAll();
    net_.Advance(absl::Seconds(1));
    ASSERT_EQ(Lanes(kAlice).reroots(), 1u);
    ASSERT_EQ(Lanes(kBob).reroots(), 1u);
  }
};

// While hubs fail, keys are unmediated alone.
class MixedOrAloneLanesTest : public MixedLanesTest {
 protected:
  MixedOrAloneLanesTest() : MixedLanesTest(LaneUse::kMixedOrAlone) {}
};

TEST_F(MixedLanesTest, KeysAreMixedOfBoth) {
  StartAll();
  Want(20);
  net_.Advance(absl::Seconds(1));
  ExpectKeys(20, KeySource::kBoth);
  EXPECT_EQ(Keys(kAlice)[0]->terms->hubs.size(), 5u);
  EXPECT_EQ(Keys(kAlice)[0]->terms->threshold, 3);
  EXPECT_TRUE(LastFailure().ok());
}

TEST_F(MixedLanesTest, FirstKeyOfDskeReRootsTheLane) {
  StartAll();
  Want(3);
  net_.Advance(absl::Seconds(1));
  for (const char* agent : {kAlice, kBob}) {
    bool healed[2] = {false, false};
    for (const AgentEvent& event : Events(agent)) {
      if (const auto* lane = std::get_if<LaneHealed>(&event)) {
        EXPECT_FALSE(healed[lane->outgoing]);
        healed[lane->outgoing] = true;
      } else if (const auto* keys = std::get_if<KeysEstablished>(&event)) {
        EXPECT_TRUE(healed[keys->initiator]) << "a key on the old root";
      }
    }
    EXPECT_TRUE(healed[0] && healed[1]);
  }
}

TEST_F(MixedLanesTest, EachStartAndEachDayReRoots) {
  StartAndHeal();
  net_.Leap(PairLanes::kRerootInterval - absl::Minutes(1));
  net_.Advance(absl::Seconds(10));
  EXPECT_EQ(Lanes().reroots(), 1u);
  net_.Leap(absl::Minutes(1));
  net_.Advance(absl::Seconds(1));
  EXPECT_EQ(Lanes().reroots(), 2u);
  net_.StartAgent(kAlice);
  net_.Advance(absl::Seconds(1));
  EXPECT_EQ(Lanes().reroots(), 1u);
  size_t outgoing = 0;
  for (const LaneHealed* healed : All<LaneHealed>(kAlice)) {
    outgoing += healed->outgoing;
  }
  EXPECT_EQ(outgoing, 3u);
  Want(1);
  net_.Advance(absl::Seconds(1));
  ExpectKeys(1, KeySource::kBoth);
}

TEST_F(MixedLanesTest, WithoutHubsThereIsNoKey) {
  StartAndHeal();
  StopHubs();
  Want(4);
  net_.Advance(kLong);
  EXPECT_TRUE(Keys(kAlice).empty());
  EXPECT_TRUE(Keys(kBob).empty());
  EXPECT_EQ(Sent(LaneMessageType::kM1), 1);  // the re-root
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(All<HubsFailed>(kAlice).empty());

  StartHubs();
  net_.Advance(absl::Seconds(1));
  ExpectKeys(4, KeySource::kBoth);
}

TEST_F(MixedLanesTest, WithoutLanesThereIsNoKey) {
  StartAndHeal();
  net_.CutLanes();
  Want(4);
  net_.Advance(kLong);
  EXPECT_TRUE(Keys(kAlice).empty());
  EXPECT_TRUE(Keys(kBob).empty());
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kDeadlineExceeded);

  net_.MendLanes();
  net_.Advance(absl::Seconds(5));
  ExpectKeys(4, KeySource::kBoth);
}

// Or pads would be used up for nothing.
TEST_F(MixedLanesTest, WhileRunsFailFewKeysOfDskeAreTaken) {
  // The hubs' keys come all the same: bob takes shorter ones.
  net_.policy(kBob, kAlice).key_lifetime += absl::Hours(1);
  StartAll();
  size_t bytes = 0;
  net_.tamper = [&bytes](const std::string& agent, int hub, bool to_hub,
                         const std::string& frame) {
    if (agent == kAlice && hub == 0 && to_hub) bytes += frame.size();
    return true;
  };
  Want(200);
  net_.Advance(absl::Minutes(2));
  const size_t before = bytes;
  net_.Advance(absl::Minutes(10));
  EXPECT_LT(bytes - before, 20'000u);
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Keys(kAlice).empty());
}

TEST_F(MixedLanesTest, InitiatorThatAsksForAPlainKeyIsRefused) {
  net_.lanes(kAlice, kBob).use = LaneUse::kAlone;
  StartAll();
  Want(1);
  net_.Advance(absl::Seconds(10));
  EXPECT_GE(Sent(LaneMessageType::kM1), 1);
  EXPECT_TRUE(Keys(kAlice).empty());
  EXPECT_TRUE(Keys(kBob).empty());
  EXPECT_NE(LastFailure().message().find("configurations differ"),
            absl::string_view::npos)
      << LastFailure();
}

TEST_F(MixedLanesTest, ResponderThatRestartsLosesWhatWaitedAndGoesOn) {
  StartAndHeal();
  net_.CutLanes();
  Want(4);
  net_.Advance(absl::Seconds(1));  // components wait for their runs
  net_.StartAgent(kBob);
  net_.MendLanes();
  net_.Settle();
  bool refused = false;
  for (const ExchangeFailed* failed : All<ExchangeFailed>(kAlice)) {
    refused =
        refused || absl::StrContains(failed->reason.message(),
                                     RunStatusText(RunStatus::kNoFreshKey));
  }
  EXPECT_TRUE(refused);
  net_.Advance(absl::Seconds(5));
  ExpectKeys(4, KeySource::kBoth);
}

TEST_F(MixedLanesTest, InitiatorThatRestartsGoesOn) {
  StartAndHeal();
  net_.CutLanes();
  Want(4);
  net_.Advance(absl::Seconds(1));
  net_.StartAgent(kAlice);
  net_.MendLanes();
  Want(4);
  net_.Advance(absl::Seconds(5));
  ExpectKeys(4, KeySource::kBoth);
}

TEST_F(MixedLanesTest, LostMessagesAreMadeGood) {
  StartAndHeal();
  for (LaneMessageType type : {LaneMessageType::kM1, LaneMessageType::kM2}) {
    const size_t before = Keys(kAlice).size();
    Lose(type);
    Want(1);
    net_.Advance(absl::Seconds(3));
    ExpectKeys(before + 1, KeySource::kBoth);
  }
}

TEST_F(MixedLanesTest, LostAnswerToAReRootIsMadeGood) {
  Lose(LaneMessageType::kM2, 2);  // bob's to alice, alice's to bob
  StartAll();
  Want(1);
  net_.Advance(absl::Seconds(4));
  ExpectKeys(1, KeySource::kBoth);
  EXPECT_EQ(Lanes().reroots(), 1u);
}

TEST_F(MixedLanesTest, UnconfirmedMixedKeyIsToBeDropped) {
  StartAndHeal();
  Lose(LaneMessageType::kConfirm);
  Want(1);
  net_.Advance(absl::Seconds(1) + kRunTimeout);
  ExpectKeys(1, KeySource::kBoth);
  const auto unconfirmed = All<KeyUnconfirmed>(kBob);
  ASSERT_EQ(unconfirmed.size(), 1u);
  EXPECT_EQ(unconfirmed[0]->key, Keys(kBob)[0]->id);
}

TEST_F(MixedLanesTest, OtherUseLimitFailsWithTheReasonAndBacksOff) {
  net_.policy(kAlice, kBob).use_limit = 7;
  StartAll();
  Want(8);
  net_.Advance(absl::Minutes(1));
  EXPECT_TRUE(Keys(kAlice).empty());
  EXPECT_TRUE(Keys(kBob).empty());
  EXPECT_NE(LastFailure().message().find("configurations differ"),
            absl::string_view::npos)
      << LastFailure();
  EXPECT_LE(Sent(LaneMessageType::kM1), 12);
}

TEST_F(MixedOrAloneLanesTest, KeysAreMixedWhileHubsAreThere) {
  StartAll();
  Want(8);
  net_.Advance(absl::Seconds(1));
  ExpectKeys(8, KeySource::kBoth);
  EXPECT_TRUE(All<HubsFailed>(kAlice).empty());
}

TEST_F(MixedOrAloneLanesTest, KeysAreUnmediatedAloneOnceHubsHaveFailedAWhile) {
  StartAndHeal();
  StopHubs();
  Want(2);
  net_.Advance(PairLanes::kHubPatience - absl::Milliseconds(50));
  EXPECT_TRUE(Keys(kAlice).empty());
  net_.Advance(absl::Milliseconds(100));
  ExpectKeys(2, KeySource::kUnmediated);
  Want(2);
  ExpectKeys(4, KeySource::kUnmediated);
  const auto failed = All<HubsFailed>(kAlice);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0]->reason.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(All<HubsFailed>(kBob).empty());
  EXPECT_TRUE(Lanes().hubs_failed());
}

TEST_F(MixedOrAloneLanesTest, KeysAreMixedAgainOnANewRootWhenHubsAreBack) {
  StartAndHeal();
  StopHubs();
  Want(2);
  net_.Advance(absl::Seconds(3));
  ExpectKeys(2, KeySource::kUnmediated);
  StartHubs();
  net_.Advance(absl::Seconds(1));  // although no key is wanted
  EXPECT_EQ(All<HubsBack>(kAlice).size(), 1u);
  EXPECT_EQ(Lanes().reroots(), 2u);
  EXPECT_FALSE(Lanes().hubs_failed());
  Want(2);
  net_.Advance(absl::Seconds(1));
  ASSERT_EQ(Keys(kAlice).size(), 4u);
  for (size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(Keys(kAlice)[i]->terms->source, KeySource::kBoth);
    EXPECT_TRUE(Same(*Keys(kAlice)[i], *Keys(kBob)[i]));
  }
}

TEST_F(MixedOrAloneLanesTest, HubsThatWereNeverThereAreNoObstacle) {
  net_.StartAgent(kAlice);
  net_.StartAgent(kBob);
  Want(3);
  net_.Advance(absl::Seconds(4));
  ExpectKeys(3, KeySource::kUnmediated);
  EXPECT_EQ(All<HubsFailed>(kAlice).size(), 1u);
}

TEST_F(MixedOrAloneLanesTest, HubsThatAreBackAreNoticedWhileRunsWait) {
  StartAndHeal();
  StopHubs();
  net_.CutLanes();
  Want(2);
  net_.Advance(absl::Seconds(3));
  ASSERT_EQ(Lanes().initiator().outstanding(), 2u);
  StartHubs();
  net_.Advance(absl::Seconds(1));
  Want(4);
  net_.Advance(absl::Seconds(1));
  net_.MendLanes();
  net_.Advance(absl::Seconds(1));
  ASSERT_EQ(Keys(kAlice).size(), 4u);
  EXPECT_EQ(Keys(kAlice)[1]->terms->source, KeySource::kUnmediated);
  EXPECT_EQ(Keys(kAlice)[2]->terms->source, KeySource::kBoth);
  EXPECT_EQ(Keys(kAlice)[3]->terms->source, KeySource::kBoth);
  // The two that were under way: why is told, and that it is over.
  ASSERT_EQ(All<HubsFailed>(kAlice).size(), 1u);
  EXPECT_FALSE(All<HubsFailed>(kAlice)[0]->reason.ok());
  EXPECT_EQ(All<HubsBack>(kAlice).size(), 1u);
}

// Whoever waits until NextTime() would find no end.
TEST_F(MixedOrAloneLanesTest, NextTimeLiesAheadWhileAReRootWaitsForRuns) {
  StartAndHeal();
  StopHubs();
  Want(1);
  net_.Advance(absl::Seconds(3));
  ExpectKeys(1, KeySource::kUnmediated);  // so a re-root is due
  net_.CutLanes();
  Want(2);
  StartHubs();
  net_.Advance(absl::Seconds(1));
  Want(4);
  ASSERT_EQ(Lanes().initiator().outstanding(), 2u);
  EXPECT_GT(net_.agent(kAlice).NextTime(), net_.now().mono);
  net_.MendLanes();
  net_.Advance(absl::Seconds(1));
  EXPECT_EQ(Lanes().reroots(), 2u);
}

TEST_F(MixedLanesTest, NextTimeTellsOfAReRootThatABackOffHolds) {
  StartAndHeal();
  net_.lanes(kAlice, kBob).outgoing.failure =
      absl::ResourceExhaustedError("no space left on the device");
  net_.Leap(PairLanes::kRerootInterval);
  net_.Advance(2 * kRunTimeout);  // nothing else is due soon
  ASSERT_FALSE(LastFailure().ok());
  const auto next = Lanes().NextTime();
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, net_.now().mono);
  EXPECT_LE(*next, net_.now().mono + Backoff::kMost);
}

}  // namespace
}  // namespace skex
