#ifndef SKEX_NODE_FAKE_LANES_H_
#define SKEX_NODE_FAKE_LANES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/dske/policy.h"
#include "skex/node/pair_lanes.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_policy.h"

namespace skex {

// What one agent has of its lanes with one peer: it survives the agent's
// process.
struct FakeLanesEnd {
  LaneUse use = LaneUse::kAlone;
  bool initiates = true;
  FakeLaneStorage outgoing;  // its end of the lane on which it initiates
  FakeLaneStorage incoming;  // its end of the other
};

// Gives the two ends of a pair a common root, once.
void ProvisionFakeLanes(const AgentId& one, FakeLanesEnd& at_one,
                        const AgentId& other, FakeLanesEnd& at_other,
                        Entropy& entropy);

// Opens both lanes with a peer for a process of `self` with that boot id. Their
// policy follows from that of keys through hubs, or the two could not be mixed.
// `entropy` and `end` must outlive them. Errors: see LoadLane().
absl::StatusOr<std::unique_ptr<PairLanes>> OpenFakeLanes(
    const AgentId& self, const PeerPolicy& policy, const BootId& boot,
    Entropy* entropy, FakeLanesEnd* end);

}  // namespace skex

#endif  // SKEX_NODE_FAKE_LANES_H_
