#include "service/pairing/inspect_pair.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "service/pairing/pairing_testing.h"

namespace service {
namespace {

class InspectPairTest : public testing::Test {
 protected:
  void SetUp() override { MakeAndImport(files_); }
  absl::StatusOr<PairView> Inspect() {
    return InspectPair(files_, "state", PairedAlice(), PairedBob());
  }
  FakeFileSystem files_{1};
};

constexpr uint64_t kAllLeaves = 0xffffffff;

TEST_F(InspectPairTest, ShowsBothLanes) {
  const uint64_t before = files_.operations();
  auto view = Inspect();
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->peer, PairedBob());
  for (const LaneView* lane : {&view->outgoing, &view->incoming}) {
    ASSERT_TRUE(lane->status.ok()) << lane->status;
    ASSERT_EQ(lane->roots.size(), 1u);
    EXPECT_EQ(lane->roots[0].leaves_left, kAllLeaves);
    EXPECT_EQ(lane->roots[0].nodes, 1u);
    EXPECT_GT(lane->state_bytes, 100u);
  }
  EXPECT_TRUE(view->outgoing.outgoing);
  EXPECT_FALSE(view->incoming.outgoing);
  EXPECT_NE(view->outgoing.roots[0].id, view->incoming.roots[0].id);
  EXPECT_EQ(files_.operations(), before);
}

TEST_F(InspectPairTest, CountsTheLeavesThatAreLeft) {
  auto file = LaneFile::Open(&files_, kOutgoing);
  auto state = LoadLane(file->get(), skex::LaneSide::kInitiator, PairedAlice(),
                        PairedBob());
  ASSERT_TRUE(state.ok()) << state.status();
  state->lanes[0].tree.PunctureBelow(1024);
  ASSERT_TRUE((*file)->Commit(state->Encode().view()).ok());
  // Also while it is in use.
  auto view = Inspect();
  ASSERT_TRUE(view->outgoing.status.ok()) << view->outgoing.status;
  EXPECT_EQ(view->outgoing.roots[0].leaves_left, kAllLeaves - 1024);
  EXPECT_EQ(view->outgoing.roots[0].nodes, 22u);
  state->lanes[0].tree.PunctureBelow(skex::kTreeLeaves);
  ASSERT_TRUE((*file)->Commit(state->Encode().view()).ok());
  EXPECT_EQ(Inspect()->outgoing.roots[0].leaves_left, 0u);
}

TEST_F(InspectPairTest, ReportsADamagedLaneBesideTheOther) {
  files_.SetContents(kOutgoing, files_.Contents(kOutgoing).substr(1));
  auto view = Inspect();
  ASSERT_TRUE(view.ok());
  EXPECT_FALSE(view->outgoing.status.ok());
  EXPECT_TRUE(view->incoming.status.ok());
}

TEST_F(InspectPairTest, ReportsAnExchangedLane) {
  files_.SetContents(kOutgoing, files_.Contents(kIncoming));
  EXPECT_EQ(Inspect()->outgoing.status.code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(InspectPairTest, ReportsADamagedState) {
  auto file = LaneFile::Open(&files_, kOutgoing);
  auto state = (*file)->Load();
  state->mutable_view()[40] ^= 1;
  ASSERT_TRUE((*file)->Commit(state->view()).ok());
  EXPECT_EQ(Inspect()->outgoing.status.code(), absl::StatusCode::kDataLoss);
}

TEST_F(InspectPairTest, ReportsAPeerWithoutLanes) {
  const absl::Status status =
      InspectPair(files_, "state", PairedBob(), PairedAlice()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "bob@south.example has no lanes with alice@north.example; skexctl "
            "pair make, then pair import make some");
}

TEST_F(InspectPairTest, ListsPeersAndWhatIsUnfinished) {
  ASSERT_TRUE(files_.MakeFolder(kHidden).ok());
  auto list = ListPairs(files_, "state");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->peers, std::vector<skex::AgentId>{PairedBob()});
  EXPECT_EQ(list->unfinished, std::vector<std::string>{kHidden});
  ASSERT_TRUE(files_.MakeFolder(std::string(kPeers) + "/Bob").ok());
  EXPECT_EQ(ListPairs(files_, "state").status().message(),
            "state/peers/Bob: is not the folder of a peer; move it out of "
            "there");
}

TEST_F(InspectPairTest, AnAgentWithoutPairsHasNone) {
  auto list = ListPairs(files_, "elsewhere");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_TRUE(list->peers.empty());
}

}  // namespace
}  // namespace service
