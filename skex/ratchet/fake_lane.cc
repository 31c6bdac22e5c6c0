#include "skex/ratchet/fake_lane.h"

#include "skex/base/bytes.h"
#include "skex/base/entropy.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"

namespace skex {
namespace {

template <class End>
LaneStep Took(End& end, absl::Status status) {
  return {std::move(status), end.TakeMessages(), end.TakeEvents()};
}

}  // namespace

LanePolicy FakeLanePolicy() {
  return {.initiator = *AgentId::Parse("alice@north.example"),
          .responder = *AgentId::Parse("bob@south.example")};
}

Secret FakeRoot(uint64_t seed) {
  Secret root = Secret::OfSize(kLaneKeySize);
  SeededEntropy(seed).Fill(root.mutable_view());
  return root;
}

Key FakeFreshKey(uint64_t seed) {
  const LanePolicy policy = FakeLanePolicy();
  SeededEntropy entropy(seed);
  return {.id = RandomId<KeyId>(entropy),
          .bytes = FakeRoot(seed + 1),
          .terms = std::make_shared<const KeyTerms>(
              KeyTerms{.initiator = policy.responder,
                       .responder = policy.initiator,
                       .lifetime = absl::Hours(1)})};
}

FakeLane::FakeLane(uint64_t seed, const LanePolicy& policy)
    : initiator_policy(policy),
      responder_policy(policy),
      now{absl::UnixEpoch(), absl::Seconds(1000)},
      seed_(seed),
      initiator_entropy_(0),
      responder_entropy_(0) {
  const AgentId& alice = policy.initiator;
  const AgentId& bob = policy.responder;
  LanePair at_alice = SplitRoot(FakeRoot(seed), alice, bob);
  LanePair at_bob = SplitRoot(FakeRoot(seed), bob, alice);
  ProvisionLane(&initiator_storage, LaneSide::kInitiator, alice, bob,
                std::move(at_alice.outgoing))
      .IgnoreError();
  ProvisionLane(&responder_storage, LaneSide::kResponder, alice, bob,
                std::move(at_bob.incoming))
      .IgnoreError();
  RestartInitiator().IgnoreError();
  RestartResponder().IgnoreError();
}

FakeLane::FakeLane(uint64_t seed, FakeLaneStorage at_initiator,
                   FakeLaneStorage at_responder, const LanePolicy& policy)
    : initiator_storage(std::move(at_initiator)),
      responder_storage(std::move(at_responder)),
      initiator_policy(policy),
      responder_policy(policy),
      now{absl::UnixEpoch(), absl::Seconds(1000)},
      seed_(seed),
      initiator_entropy_(0),
      responder_entropy_(0) {
  RestartInitiator().IgnoreError();
  RestartResponder().IgnoreError();
}

absl::Status FakeLane::RestartInitiator() {
  initiator.reset();
  initiator_entropy_ = SeededEntropy(seed_ * 1000 + 2 * initiator_starts_++);
  initiator_boot = RandomId<BootId>(initiator_entropy_);
  auto opened = LaneInitiator::Open({.policy = initiator_policy,
                                     .boot = initiator_boot,
                                     .entropy = &initiator_entropy_,
                                     .storage = &initiator_storage});
  if (!opened.ok()) return opened.status();
  initiator = *std::move(opened);
  return absl::OkStatus();
}

absl::Status FakeLane::RestartResponder() {
  responder.reset();
  responder_entropy_ =
      SeededEntropy(seed_ * 1000 + 2 * responder_starts_++ + 1);
  responder_boot = RandomId<BootId>(responder_entropy_);
  auto opened = LaneResponder::Open({.policy = responder_policy,
                                     .boot = responder_boot,
                                     .entropy = &responder_entropy_,
                                     .storage = &responder_storage});
  if (!opened.ok()) return opened.status();
  responder = *std::move(opened);
  return absl::OkStatus();
}

Key FakeLane::FakeDskeKey(uint64_t seed) const {
  SeededEntropy entropy(seed);
  KeyTerms terms = *initiator_policy.Terms(initiator_boot, responder_boot);
  terms.source = KeySource::kDske;
  terms.label = KeyLabel::kInformationTheoretic;
  terms.hubs = {*HubId::Parse("hub@east.example")};
  terms.threshold = 1;
  return {.id = RandomId<KeyId>(entropy),
          .bytes = FakeRoot(seed + 1),
          .terms = std::make_shared<const KeyTerms>(std::move(terms))};
}

LaneStep FakeLane::Start() { return Took(*initiator, initiator->Start(now)); }

LaneStep FakeLane::Mix(Key dske) {
  return Took(*initiator, initiator->Mix(std::move(dske), now));
}

LaneStep FakeLane::Reroot(Key fresh) {
  return Took(*initiator, initiator->Reroot(std::move(fresh), now));
}

LaneStep FakeLane::ToInitiator(absl::string_view message) {
  return Took(*initiator, initiator->OnMessage(AsBytes(message), now));
}

LaneStep FakeLane::ToResponder(absl::string_view message) {
  return Took(*responder, responder->OnMessage(AsBytes(message), now));
}

std::pair<LaneStep, LaneStep> FakeLane::Pass(absl::Duration time) {
  now.mono += time;
  now.wall += time;
  initiator->OnTime(now);
  responder->OnTime(now);
  return {Took(*initiator, absl::OkStatus()),
          Took(*responder, absl::OkStatus())};
}

bool FakeLane::Run() { return Finish(Start()); }

bool FakeLane::MixedRun(uint64_t seed) {
  return responder->AddFreshKey(FakeDskeKey(seed), now).ok() &&
         Finish(Mix(FakeDskeKey(seed)));
}

bool FakeLane::Finish(const LaneStep& started) {
  if (started.messages.empty()) return false;
  const LaneStep answered = ToResponder(started.messages.back());
  if (answered.messages.empty()) return false;
  const LaneStep finished = ToInitiator(answered.messages.back());
  const KeyAgreed* const ours = Find<KeyAgreed>(finished.events);
  const KeyAgreed* const theirs = Find<KeyAgreed>(answered.events);
  return ours != nullptr && theirs != nullptr &&
         ToResponder(finished.message()).status.ok() &&
         ours->key.id == theirs->key.id &&
         EqualInConstantTime(ours->key.bytes.view(), theirs->key.bytes.view());
}

bool FakeLane::Runs(int times) {
  for (int i = 0; i < times; ++i) {
    if (!Run()) return false;
  }
  return true;
}

}  // namespace skex
