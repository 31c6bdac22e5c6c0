#ifndef TESTS_FUZZ_LANES_SETTING_H_
#define TESTS_FUZZ_LANES_SETTING_H_

#include <cstdint>

#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "tests/fuzz/lanes_model.h"

namespace skex {

// Where a lane begins: the first leaf that each end still has, and what the
// configurations say.
struct LanesSetting {
  uint32_t initiator_first;
  uint32_t responder_first;
  bool same_terms = true;
  LaneUse use = LaneUse::kMixedOrAlone;

  // Of every lane here.
  static constexpr uint64_t kSeed = 1;
  // One for each number, some for several.
  static const LanesSetting& Of(uint8_t number);

  LanePolicy Policy() const;
  LanesModel::Promises Promises() const;
  FakeLaneStorage Storage(LaneSide side) const;
  // There may be too few leaves for another run.
  bool IsUsedUp() const { return initiator_first > kLastLeaf - kLaneWindow; }

  // The secrets of the lane under its first root.
  static LaneSecrets Secrets();
};

}  // namespace skex

#endif  // TESTS_FUZZ_LANES_SETTING_H_
