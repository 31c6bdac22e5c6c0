#include <cstddef>
#include <iostream>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_search.h"

namespace skex {
namespace {

SearchStart FreshLane() {
  const FakeLane lane(1);
  return {.initiator = lane.initiator_storage,
          .responder = lane.responder_storage};
}

// Both ends have made runs since their backups, the last of them recorded. The
// backups are from just before the initiator claims its second window, so that
// it too has lost something, however few runs ago.
SearchStart LaneWithBackups(int runs_since) {
  FakeLane lane(1);
  EXPECT_TRUE(lane.Runs(kLaneWindow - 2));
  SearchStart start;
  start.initiator_backup = lane.initiator_storage;
  start.responder_backup = lane.responder_storage;
  EXPECT_TRUE(lane.Runs(runs_since - 1));
  const LaneStep started = lane.Start();
  const LaneStep answered = lane.ToResponder(started.message());
  start.recorded = {started.message(), answered.message()};
  start.initiator = lane.initiator_storage;
  start.responder = lane.responder_storage;
  start.most_runs = 2;
  return start;
}

void ExpectNothing(const SearchStart& start, size_t depth,
                   size_t least_states) {
  const SearchResult result = Search(start, depth);
  EXPECT_EQ(result.violation, "") << Describe(result.steps);
  EXPECT_GE(result.states, least_states);
  std::cout << "looked at " << result.states << " states" << std::endl;
}

TEST(LaneSearchTest, LossRepetitionOrderAndCrashesBreakNothing) {
  ExpectNothing(FreshLane(), 6, 5000);
}

TEST(LaneSearchTest, ReRootsBreakNothing) {
  SearchStart start = FreshLane();
  start.most_runs = 0;
  start.most_reroots = 2;
  ExpectNothing(start, 6, 3000);
}

TEST(LaneSearchTest, ReRootsBetweenRunsBreakNothing) {
  SearchStart start = FreshLane();
  start.most_runs = 2;
  start.most_reroots = 1;
  ExpectNothing(start, 5, 3000);
}

TEST(LaneSearchTest, MixedRunsBreakNothing) {
  SearchStart start = FreshLane();
  start.policy.use = LaneUse::kMixed;
  start.most_runs = 0;
  start.most_mixes = 2;
  ExpectNothing(start, 6, 5000);
}

TEST(LaneSearchTest, ReRootsBetweenMixedRunsBreakNothing) {
  SearchStart start = FreshLane();
  start.policy.use = LaneUse::kMixed;
  start.most_runs = 0;
  start.most_mixes = 2;
  start.most_reroots = 1;
  ExpectNothing(start, 5, 3000);
}

TEST(LaneSearchTest, ReRootThatIsNotConfirmedYetBreaksNothing) {
  FakeLane lane(1);
  ASSERT_TRUE(lane.responder->AddFreshKey(FakeFreshKey(9), lane.now).ok());
  const LaneStep started = lane.Reroot(FakeFreshKey(9));
  const LaneStep answered = lane.ToResponder(started.message());
  ASSERT_NE(Find<LaneRerooted>(lane.ToInitiator(answered.message()).events),
            nullptr);
  SearchStart start = {.initiator = lane.initiator_storage,
                       .responder = lane.responder_storage,
                       .recorded = {started.message(), answered.message()},
                       .most_reroots = 1,
                       .most_runs = 2};
  ExpectNothing(start, 5, 3000);
}

class RestoredLaneSearchTest : public testing::TestWithParam<int> {};

TEST_P(RestoredLaneSearchTest, RestoredBackupsBreakNothing) {
  ExpectNothing(LaneWithBackups(GetParam()), 5, 500);
}

INSTANTIATE_TEST_SUITE_P(RunsSince, RestoredLaneSearchTest,
                         testing::Values(5, 500, 1024, 3000));

// The search can fail: without either durable write it finds what that write
// is for.
TEST(LaneSearchTest, WithoutTheInitiatorsDurableWriteAnIndexIsUsedAgain) {
  SearchStart start = FreshLane();
  start.initiator.fault = FakeLaneStorage::Fault::kForgets;
  const SearchResult result = Search(start, 5);
  EXPECT_EQ(result.violation, "the initiator uses index 0 again")
      << Describe(result.steps);
}

TEST(LaneSearchTest, WithoutTheRespondersDurableWriteAnIndexIsAcceptedAgain) {
  SearchStart start = FreshLane();
  start.responder.fault = FakeLaneStorage::Fault::kForgets;
  const SearchResult result = Search(start, 5);
  EXPECT_EQ(result.violation, "the responder accepts index 0 again")
      << Describe(result.steps);
}

}  // namespace
}  // namespace skex
