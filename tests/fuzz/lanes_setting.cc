#include "tests/fuzz/lanes_setting.h"

#include <iterator>
#include <string>
#include <utility>

#include "skex/base/bytes.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"

namespace skex {
namespace {

// Settings are added at the end, so that inputs of before still say the same.
constexpr LanesSetting kSettings[] = {
    {0, 0},
    // The initiator is taken to where its first claim ends.
    {0, kLaneWindow - 2},
    // Restored backups: a jump, one that waits for the operator, one of the
    // other end.
    {5, 2000},
    {0, LaneInitiator::kMostJump + 2},
    {LaneInitiator::kHalfOfLane - 9, LaneInitiator::kHalfOfLane + 9},
    {3000, 0},
    // The end of the lane.
    {kLastLeaf - 2, kLastLeaf - 2},
    {0, 0, /*same_terms=*/false},
    {0, 0, /*same_terms=*/true, LaneUse::kAlone},
    {0, 0, /*same_terms=*/true, LaneUse::kMixed},
};

}  // namespace

const LanesSetting& LanesSetting::Of(uint8_t number) {
  return kSettings[number % std::size(kSettings)];
}

LanePolicy LanesSetting::Policy() const {
  LanePolicy policy = FakeLanePolicy();
  policy.use = use;
  return policy;
}

LanesModel::Promises LanesSetting::Promises() const {
  return {.same_terms = same_terms,
          .level = initiator_first == responder_first,
          .use = use};
}

LaneSecrets LanesSetting::Secrets() {
  const LanePolicy policy = FakeLanePolicy();
  return SplitRoot(FakeRoot(kSeed), policy.initiator, policy.responder)
      .outgoing;
}

FakeLaneStorage LanesSetting::Storage(LaneSide side) const {
  const LanePolicy policy = FakeLanePolicy();
  LaneState state = {.side = side,
                     .initiator = policy.initiator,
                     .responder = policy.responder};
  state.lanes.push_back(Lane::Of(Secrets()));
  state.lanes.back().tree.PunctureBelow(
      side == LaneSide::kInitiator ? initiator_first : responder_first);
  FakeLaneStorage storage;
  storage.state = std::string(AsText(state.Encode().view()));
  return storage;
}

}  // namespace skex
