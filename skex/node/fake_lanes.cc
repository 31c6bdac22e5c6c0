#include "skex/node/fake_lanes.h"

#include <utility>

#include "skex/base/secret.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/responder.h"

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

LanePolicy LanePolicyOf(const AgentId& initiator, const AgentId& responder,
                        const PeerPolicy& policy, LaneUse use) {
  return {.initiator = initiator,
          .responder = responder,
          .freshness = policy.freshness,
          .key_bytes = policy.key_bytes,
          .key_lifetime = policy.key_lifetime,
          .use_limit = policy.use_limit,
          .use = use};
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
  const LanePolicy there = LanePolicyOf(self, policy.peer, policy, end->use);
  const LanePolicy back = LanePolicyOf(policy.peer, self, policy, end->use);
  auto initiator = LaneInitiator::Open({.policy = there,
                                        .boot = boot,
                                        .entropy = entropy,
                                        .storage = &end->outgoing});
  if (!initiator.ok()) return initiator.status();
  auto responder = LaneResponder::Open({.policy = back,
                                        .boot = boot,
                                        .entropy = entropy,
                                        .storage = &end->incoming});
  if (!responder.ok()) return responder.status();
  return std::make_unique<PairLanes>(
      PairLanes::Options{.policy = there,
                         .initiator = *std::move(initiator),
                         .responder = *std::move(responder),
                         .initiates = end->initiates});
}

}  // namespace skex
