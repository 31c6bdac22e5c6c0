#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/responder.h"

namespace skex {
namespace {

using absl::StatusCode;

std::vector<LaneId> DurableLanes(const FakeLaneStorage& storage) {
  std::vector<LaneId> ids;
  const absl::StatusOr<LaneState> state =
      LaneState::Decode(AsBytes(*storage.state));
  for (const Lane& lane : state->lanes) ids.push_back(lane.id);
  return ids;
}

LaneId LaneOf(const std::string& m1) {
  return M1Message::Parse(AsBytes(m1))->lane;
}

// One re-root on a network that loses nothing; true if both ends have it.
bool ReRoots(FakeLane& lane, uint64_t seed) {
  if (!lane.responder->AddFreshKey(FakeFreshKey(seed), lane.now).ok()) {
    return false;
  }
  const LaneStep started = lane.Reroot(FakeFreshKey(seed));
  const LaneStep answered = lane.ToResponder(started.message());
  const LaneStep finished = lane.ToInitiator(answered.message());
  const LaneRerooted* const ours = Find<LaneRerooted>(finished.events);
  const LaneRerooted* const theirs = Find<LaneRerooted>(answered.events);
  return finished.status.ok() && ours != nullptr && theirs != nullptr &&
         ours->lane == theirs->lane;
}

TEST(RerootTest, ResponderKeepsTheOldRootUntilTheFirstM1OnTheNewOne) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.Runs(5));
  const LaneId old = DurableLanes(lane.responder_storage)[0];
  ASSERT_TRUE(ReRoots(lane, 7));
  EXPECT_EQ(DurableLanes(lane.responder_storage).size(), 2u);
  EXPECT_EQ(DurableLanes(lane.responder_storage)[0], old);

  const LaneStep started = lane.Start();
  EXPECT_NE(LaneOf(started.message()), old);
  EXPECT_EQ(M1Message::Parse(AsBytes(started.message()))->index, 0u);
  const LaneStep answered = lane.ToResponder(started.message());
  ASSERT_NE(Find<LaneErased>(answered.events), nullptr);
  EXPECT_EQ(Find<LaneErased>(answered.events)->lane, old);
  EXPECT_EQ(DurableLanes(lane.responder_storage),
            std::vector<LaneId>{LaneOf(started.message())});
  EXPECT_TRUE(lane.ToInitiator(answered.message()).status.ok());
  EXPECT_TRUE(lane.Runs(5));
}

TEST(RerootTest, InitiatorLeavesTheOldRootWhenTheResponderHasTheNewOne) {
  FakeLane lane(1);
  const LaneId old = DurableLanes(lane.initiator_storage)[0];
  ASSERT_TRUE(ReRoots(lane, 7));
  EXPECT_EQ(DurableLanes(lane.initiator_storage),
            std::vector<LaneId>{DurableLanes(lane.responder_storage)[1]});
  // However many runs are lost, it never goes back: who knows the old root
  // would only have to drop messages.
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(LaneOf(lane.Start().message()), old);
    lane.Pass(kRunTimeout);
  }
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, OldRootGivesNoM1ThatCountsAfterTheFirstRunOnTheNewOne) {
  FakeLane lane(1);
  const std::string held_back = lane.Start().message();
  ASSERT_TRUE(ReRoots(lane, 7));
  ASSERT_TRUE(lane.Run());
  EXPECT_EQ(lane.ToResponder(held_back).status.code(), StatusCode::kNotFound);
}

TEST(RerootTest, RestartsRightAfterAReRootGoOnWithTheNewRoot) {
  FakeLane lane(1);
  ASSERT_TRUE(ReRoots(lane, 7));
  const LaneId root = DurableLanes(lane.initiator_storage)[0];
  ASSERT_TRUE(lane.RestartInitiator().ok());
  ASSERT_TRUE(lane.RestartResponder().ok());
  const std::string m1 = lane.Start().message();
  EXPECT_EQ(LaneOf(m1), root);
  EXPECT_TRUE(lane.ToInitiator(lane.ToResponder(m1).message()).status.ok());
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, HeldBackReRootCannotDisplaceALaterOne) {
  FakeLane lane(1);
  for (const uint64_t seed : {7, 8}) {
    ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(seed), lane.now).ok());
  }
  const std::string held_back = lane.Reroot(FakeFreshKey(7)).message();
  lane.Pass(kRunTimeout);
  const std::string later = lane.Reroot(FakeFreshKey(8)).message();
  ASSERT_TRUE(lane.ToInitiator(lane.ToResponder(later).message()).status.ok());
  EXPECT_EQ(lane.ToResponder(held_back).status.code(),
            StatusCode::kAlreadyExists);
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, StaleOfTheOldRootIsNotObeyed) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  ASSERT_TRUE(lane.ToResponder(m1).status.ok());
  ASSERT_TRUE(lane.RestartResponder().ok());
  const std::string stale = lane.ToResponder(m1).message();
  ASSERT_TRUE(ReRoots(lane, 7));
  EXPECT_EQ(lane.ToInitiator(stale).status.code(),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, NewRootDependsOnTheFreshKeyAndOnTheLeaf) {
  FakeLane one(1);
  FakeLane other_fresh(1);
  FakeLane other_leaf(1);
  ASSERT_TRUE(other_leaf.Run());
  ASSERT_TRUE(ReRoots(one, 7));
  ASSERT_TRUE(ReRoots(other_fresh, 8));
  ASSERT_TRUE(ReRoots(other_leaf, 7));
  const auto id = [](const FakeLane& lane) {
    return DurableLanes(lane.responder_storage).back();
  };
  EXPECT_NE(id(one), id(other_fresh));
  EXPECT_NE(id(one), id(other_leaf));
}

TEST(RerootTest, LeafOfAReRootIsPuncturedDurablyAtBothEnds) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  const std::string m1 = lane.Reroot(FakeFreshKey(7)).message();
  ASSERT_TRUE(lane.ToResponder(m1).status.ok());
  for (const FakeLaneStorage* storage :
       {&lane.initiator_storage, &lane.responder_storage}) {
    EXPECT_FALSE(
        LaneState::Decode(AsBytes(*storage->state))->lanes[0].tree.Covers(0));
  }
}

TEST(RerootTest, ReRootGivesNoKeyAndCountsAsNoTentativeOne) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  const LaneStep answered =
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message());
  EXPECT_EQ(Find<KeyAgreed>(answered.events), nullptr);
  EXPECT_EQ(lane.responder->tentative(), 0u);
}

TEST(RerootTest, RunsOfTheOldRootThatAreUnderWayStillFinish) {
  FakeLane lane(1);
  const std::string not_delivered = lane.Start().message();
  const LaneStep not_answered = lane.ToResponder(lane.Start().message());
  ASSERT_TRUE(ReRoots(lane, 7));
  const LaneStep answered = lane.ToResponder(not_delivered);
  EXPECT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_NE(Find<KeyAgreed>(lane.ToInitiator(answered.message()).events),
            nullptr);
  ASSERT_TRUE(lane.Run());
  // The old root is gone; what the run needs is not, up to its end.
  const LaneStep finished = lane.ToInitiator(not_answered.message());
  EXPECT_NE(Find<KeyAgreed>(finished.events), nullptr);
  const size_t tentative = lane.responder->tentative();
  EXPECT_TRUE(lane.ToResponder(finished.message()).status.ok());
  EXPECT_EQ(lane.responder->tentative(), tentative - 1);
}

TEST(RerootTest, ResponderKnowsEachRootAsLongAsSomethingMayComeForIt) {
  FakeLane lane(1);
  const LaneId old = DurableLanes(lane.responder_storage)[0];
  lane.ToResponder(lane.Start().message());
  ASSERT_TRUE(ReRoots(lane, 7));
  const LaneId young = DurableLanes(lane.responder_storage)[1];
  EXPECT_TRUE(lane.responder->Knows(old));
  EXPECT_TRUE(lane.responder->Knows(young));
  ASSERT_TRUE(lane.Run());
  // No M1 any more, but a CONFIRM.
  EXPECT_TRUE(lane.responder->Knows(old));
  lane.Pass(kRunTimeout);
  EXPECT_FALSE(lane.responder->Knows(old));
  EXPECT_TRUE(lane.responder->Knows(young));
}

TEST(RerootTest, ReRootIsAllowedWhateverBecomesOfTheKeys) {
  for (const LaneUse use :
       {LaneUse::kAlone, LaneUse::kMixed, LaneUse::kMixedOrAlone}) {
    LanePolicy policy = FakeLanePolicy();
    policy.use = use;
    FakeLane lane(1, policy);
    EXPECT_TRUE(ReRoots(lane, 7));
  }
}

TEST(RerootTest, OnlyFreshKeysOfThePairAreTaken) {
  FakeLane lane(1);
  Key bad = FakeFreshKey(7);
  bad.bytes = Secret::OfSize(16);
  EXPECT_EQ(lane.responder->AddFreshKey(std::move(bad), lane.now).code(),
            StatusCode::kInvalidArgument);
  bad = FakeFreshKey(7);
  bad.bytes = Secret::OfSize(16);
  const LaneStep refused = lane.Reroot(std::move(bad));
  EXPECT_EQ(refused.status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(refused.messages.empty());
}

TEST(RerootTest, OneReRootIsUnderWayAtATime) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.Reroot(FakeFreshKey(7)).status.ok());
  EXPECT_EQ(lane.Reroot(FakeFreshKey(8)).status.code(),
            StatusCode::kFailedPrecondition);
  lane.Pass(kRunTimeout);
  EXPECT_TRUE(ReRoots(lane, 8));
}

TEST(RerootTest, FreshKeysAreKeptOnceBoundedAndForTheirLifetime) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(0), lane.now).ok());
  EXPECT_EQ(lane.responder->AddFreshKey(FakeFreshKey(0), lane.now).code(),
            StatusCode::kAlreadyExists);
  for (uint64_t seed = 1; seed <= LaneResponder::kMostFreshKeys; ++seed) {
    ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(seed), lane.now).ok());
  }
  // The first had to go.
  EXPECT_EQ(
      lane.ToResponder(lane.Reroot(FakeFreshKey(0)).message()).status.code(),
      StatusCode::kFailedPrecondition);
  lane.Pass(absl::Hours(1));
  EXPECT_FALSE(lane.responder->NextTime().has_value());
  EXPECT_EQ(
      lane.ToResponder(lane.Reroot(FakeFreshKey(2)).message()).status.code(),
      StatusCode::kFailedPrecondition);
}

TEST(RerootTest, WithoutTheFreshKeyTheResponderRefusesAndTheOldRootGoesOn) {
  FakeLane lane(1);
  const LaneStep answered =
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message());
  EXPECT_EQ(answered.status.code(), StatusCode::kFailedPrecondition);
  const LaneStep refused = lane.ToInitiator(answered.message());
  EXPECT_EQ(Find<RunFailed>(refused.events)->reason.code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(DurableLanes(lane.initiator_storage).size(), 1u);
  EXPECT_EQ(DurableLanes(lane.responder_storage).size(), 1u);
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, FreshKeyIsUsedOnce) {
  FakeLane lane(1);
  ASSERT_TRUE(ReRoots(lane, 7));
  EXPECT_EQ(
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message()).status.code(),
      StatusCode::kFailedPrecondition);
}

TEST(RerootTest, FreshKeyIsConsumedEvenIfTheNewRootCannotBeStored) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  lane.responder_storage.failure = absl::ResourceExhaustedError("full");
  lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message());
  lane.responder_storage.failure = absl::OkStatus();
  lane.Pass(kRunTimeout);
  EXPECT_EQ(
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message()).status.code(),
      StatusCode::kFailedPrecondition);
}

TEST(RerootTest, LostAnswerLeavesTheOldRootInUseAndTheNextReRootReplaces) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  ASSERT_TRUE(
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message()).status.ok());
  lane.Pass(kRunTimeout);
  EXPECT_EQ(DurableLanes(lane.initiator_storage).size(), 1u);
  EXPECT_EQ(DurableLanes(lane.responder_storage).size(), 2u);
  EXPECT_TRUE(lane.Runs(3));
  EXPECT_TRUE(ReRoots(lane, 8));
  EXPECT_EQ(DurableLanes(lane.responder_storage)[1],
            DurableLanes(lane.initiator_storage)[0]);
  EXPECT_TRUE(lane.Runs(3));
}

TEST(RerootTest, SameM1OfAReRootGetsTheSameM2) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  const std::string m1 = lane.Reroot(FakeFreshKey(7)).message();
  const LaneStep first = lane.ToResponder(m1);
  const LaneStep second = lane.ToResponder(m1);
  EXPECT_EQ(second.message(), first.message());
  EXPECT_TRUE(second.events.empty());
  EXPECT_TRUE(lane.ToInitiator(second.message()).status.ok());
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, ReRootsMayFollowOneAnotherWithoutARunBetween) {
  FakeLane lane(1);
  ASSERT_TRUE(ReRoots(lane, 7));
  ASSERT_TRUE(ReRoots(lane, 8));
  ASSERT_TRUE(ReRoots(lane, 9));
  ASSERT_EQ(DurableLanes(lane.responder_storage).size(), 2u);
  EXPECT_EQ(DurableLanes(lane.responder_storage)[1],
            DurableLanes(lane.initiator_storage)[0]);
  EXPECT_TRUE(lane.Runs(3));
}

TEST(RerootTest, InitiatorThatCannotStoreTheNewRootStaysWithTheOldOne) {
  for (const auto fault : {FakeLaneStorage::Fault::kBeforeCommit,
                           FakeLaneStorage::Fault::kAfterCommit}) {
    FakeLane lane(1);
    ASSERT_TRUE(lane.Run());
    ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
    const LaneStep answered =
        lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message());
    lane.initiator_storage.fault = fault;
    const LaneStep failed = lane.ToInitiator(answered.message());
    EXPECT_EQ(failed.status.code(), StatusCode::kUnavailable);
    EXPECT_EQ(Find<RunFailed>(failed.events)->reason.code(),
              StatusCode::kUnavailable);
    EXPECT_EQ(Find<LaneRerooted>(failed.events), nullptr);
    lane.initiator_storage.fault = FakeLaneStorage::Fault::kNone;
    EXPECT_TRUE(lane.Run());
    EXPECT_TRUE(ReRoots(lane, 8));
    EXPECT_TRUE(lane.Run());
  }
}

TEST(RerootTest, NewRootThatSeemedLostIsOffTheMediumBeforeAnotherReRoot) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  const LaneStep answered =
      lane.ToResponder(lane.Reroot(FakeFreshKey(7)).message());
  lane.initiator_storage.fault = FakeLaneStorage::Fault::kAfterCommit;
  lane.ToInitiator(answered.message());
  lane.initiator_storage.fault = FakeLaneStorage::Fault::kNone;
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(8), lane.now).ok());
  // Displaces the new root at the responder; its answer is lost.
  ASSERT_TRUE(
      lane.ToResponder(lane.Reroot(FakeFreshKey(8)).message()).status.ok());
  ASSERT_TRUE(lane.RestartInitiator().ok());
  EXPECT_TRUE(lane.Run());
}

TEST(RerootTest, ResponderThatCannotStoreTheNewRootStaysWithTheOldOne) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(7), lane.now).ok());
  const std::string m1 = lane.Reroot(FakeFreshKey(7)).message();
  lane.responder_storage.failure = absl::ResourceExhaustedError("full");
  const LaneStep failed = lane.ToResponder(m1);
  EXPECT_EQ(failed.status.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(failed.messages.empty());
  EXPECT_EQ(Find<LaneRerooted>(failed.events), nullptr);
  lane.responder_storage.failure = absl::OkStatus();
  EXPECT_TRUE(lane.Run());
  EXPECT_EQ(DurableLanes(lane.responder_storage).size(), 1u);
}

}  // namespace
}  // namespace skex
