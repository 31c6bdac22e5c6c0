#include "skex/node/fake_lanes.h"

#include <utility>

#include "skex/base/secret.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"

namespace skex {
namespace {

void ProvisionEnd(const Secret& root, const AgentId& self, const AgentId& peer,
                  FakeLanesEnd& end) {
  LanePair lanes = SplitRoot(Secret::CopyOf(root.view()), self, peer);
  ProvisionLane(&end.outgoing, LaneSide::kInitiator, self, peer,
                std::move(lanes.outgoing))
      .IgnoreError();
  ProvisionLane(&end.incoming, LaneSide::kResponder, peer, self,
                std::move(lanes.incoming))
      .IgnoreError();
}

}  // namespace

void ProvisionFakeLanes(const AgentId& one, FakeLanesEnd& at_one,
                        const AgentId& other, FakeLanesEnd& at_other,
                        Entropy& entropy) {
  Secret root = Secret::OfSize(kLaneKeySize);
  entropy.Fill(root.mutable_view());
  ProvisionEnd(root, one, other, at_one);
  ProvisionEnd(root, other, one, at_other);
}

absl::StatusOr<std::unique_ptr<PairLanes>> OpenFakeLanes(
    const AgentId& self, const PeerPolicy& policy, const BootId& boot,
    Entropy* entropy, FakeLanesEnd* end) {
  return PairLanes::Open({.policy = {.initiator = self,
                                     .responder = policy.peer,
                                     .freshness = policy.freshness,
                                     .key_bytes = policy.key_bytes,
                                     .key_lifetime = policy.key_lifetime,
                                     .use_limit = policy.use_limit,
                                     .use = end->use},
                          .boot = boot,
                          .entropy = entropy,
                          .outgoing = &end->outgoing,
                          .incoming = &end->incoming,
                          .initiates = end->initiates});
}

}  // namespace skex
