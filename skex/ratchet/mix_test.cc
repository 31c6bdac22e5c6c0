#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"
#include "skex/psk/mixing.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"

// Runs whose key is mixed with one of DSKE.

namespace skex {
namespace {

using absl::StatusCode;

LanePolicy Used(LaneUse use) {
  LanePolicy policy = FakeLanePolicy();
  policy.use = use;
  return policy;
}

LanePolicy Mixed() { return Used(LaneUse::kMixed); }

// The key that DSKE gives to both ends, of other terms.
Key Changed(const FakeLane& lane,
            const std::function<void(KeyTerms&)>& change) {
  Key key = lane.FakeDskeKey(7);
  KeyTerms terms = *key.terms;
  change(terms);
  key.terms = std::make_shared<const KeyTerms>(std::move(terms));
  return key;
}

void AddAtResponder(FakeLane& lane, Key key) {
  const absl::Status status =
      lane.responder->AddFreshKey(std::move(key), lane.now);
  EXPECT_TRUE(status.ok()) << status;
}

// The responder's M2 refuses the run for `want`, and the initiator ends it.
void ExpectRefusal(FakeLane& lane, const LaneStep& answered, RunStatus want) {
  EXPECT_EQ(answered.status.code(), StatusCode::kFailedPrecondition);
  ASSERT_EQ(answered.messages.size(), 1u);
  EXPECT_EQ(M2Message::Parse(AsBytes(answered.message()))->status, want);
  EXPECT_EQ(Find<KeyAgreed>(answered.events), nullptr);
  EXPECT_EQ(lane.responder->tentative(), 0u);
  const LaneStep refused = lane.ToInitiator(answered.message());
  ASSERT_NE(Find<RunFailed>(refused.events), nullptr);
  EXPECT_EQ(Find<RunFailed>(refused.events)->reason.code(),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(refused.messages.empty());
}

TEST(MixTest, BothEndsGetTheSameMixedKeyAndTerms) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  const LaneStep started = lane.Mix(lane.FakeDskeKey(7));
  ASSERT_TRUE(started.status.ok()) << started.status;
  const LaneStep answered = lane.ToResponder(started.message());
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_EQ(lane.responder->tentative(), 1u);
  const LaneStep finished = lane.ToInitiator(answered.message());
  const KeyAgreed* const ours = Find<KeyAgreed>(finished.events);
  const KeyAgreed* const theirs = Find<KeyAgreed>(answered.events);
  ASSERT_TRUE(ours != nullptr && theirs != nullptr);
  EXPECT_EQ(ours->key.id, theirs->key.id);
  EXPECT_TRUE(
      EqualInConstantTime(ours->key.bytes.view(), theirs->key.bytes.view()));
  for (const Key* key : {&ours->key, &theirs->key}) {
    EXPECT_EQ(key->bytes.size(), kMixedKeySize);
    EXPECT_EQ(key->terms->source, KeySource::kBoth);
    EXPECT_EQ(key->terms->label, KeyLabel::kComputational);
    EXPECT_EQ(key->terms->initiator_boot, lane.initiator_boot);
    EXPECT_EQ(key->terms->responder_boot, lane.responder_boot);
    EXPECT_EQ(key->terms->hubs, lane.FakeDskeKey(7).terms->hubs);
    EXPECT_EQ(key->terms->policy_hash,
              MixedPolicyHash(lane.FakeDskeKey(7).terms->policy_hash,
                              Mixed().ContextHash()));
  }
  EXPECT_TRUE(lane.ToResponder(finished.message()).status.ok());
  EXPECT_EQ(lane.responder->tentative(), 0u);
}

TEST(MixTest, KeyDependsOnTheKeyOfDskeAndOnTheLeaf) {
  // Of an M1 whose nonce is the same: neither component decides alone.
  const auto bytes = [](uint64_t root, const std::function<void(Key&)>& bend) {
    FakeLane lane(root, Mixed());
    Key key = lane.FakeDskeKey(7);
    bend(key);
    AddAtResponder(lane, std::move(key));
    const LaneStep answered =
        lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message());
    const KeyAgreed* const agreed = Find<KeyAgreed>(answered.events);
    return agreed == nullptr ? std::string()
                             : std::string(AsText(agreed->key.bytes.view()));
  };
  const std::string one = bytes(1, [](Key&) {});
  EXPECT_EQ(one.size(), kMixedKeySize);
  EXPECT_EQ(bytes(1, [](Key&) {}), one);
  EXPECT_NE(bytes(1, [](Key& key) { key.bytes.mutable_view()[0] ^= 1; }), one);
  EXPECT_NE(bytes(2, [](Key&) {}), one);
}

TEST(MixTest, M1NamesTheKeyAndItsPurpose) {
  FakeLane lane(1, Mixed());
  const LaneStep started = lane.Mix(lane.FakeDskeKey(7));
  const absl::StatusOr<M1Message> m1 =
      M1Message::Parse(AsBytes(started.message()));
  ASSERT_TRUE(m1.ok()) << m1.status();
  EXPECT_EQ(m1->purpose, RunPurpose::kMix);
  EXPECT_EQ(m1->fresh, lane.FakeDskeKey(7).id);
}

TEST(MixTest, MixedAndOtherRunsTakeTurns) {
  FakeLane lane(1, Used(LaneUse::kMixedOrAlone));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_TRUE(lane.MixedRun(seed));
    EXPECT_TRUE(lane.Run());
  }
}

TEST(MixTest, SameM1GetsTheSameM2AndNoSecondKey) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  const std::string m1 = lane.Mix(lane.FakeDskeKey(7)).message();
  const LaneStep first = lane.ToResponder(m1);
  const LaneStep second = lane.ToResponder(m1);
  EXPECT_TRUE(second.status.ok());
  EXPECT_EQ(second.message(), first.message());
  EXPECT_TRUE(second.events.empty());
  EXPECT_EQ(lane.responder->tentative(), 1u);
}

TEST(MixTest, NinthTentativeKeyWaitsAndItsKeyOfDskeWithIt) {
  FakeLane lane(1, Mixed());
  std::vector<std::string> confirms;
  for (uint64_t i = 0; i < kMostTentative; ++i) {
    AddAtResponder(lane, lane.FakeDskeKey(i));
    const std::string m1 = lane.Mix(lane.FakeDskeKey(i)).message();
    confirms.push_back(
        lane.ToInitiator(lane.ToResponder(m1).message()).message());
  }
  AddAtResponder(lane, lane.FakeDskeKey(99));
  const std::string m1 = lane.Mix(lane.FakeDskeKey(99)).message();
  EXPECT_EQ(lane.ToResponder(m1).status.code(), StatusCode::kResourceExhausted);
  ASSERT_TRUE(lane.ToResponder(confirms[0]).status.ok());
  EXPECT_TRUE(lane.ToResponder(m1).status.ok());
}

// --- Keys that do not fit ---

TEST(MixTest, InitiatorRefusesKeysThatDoNotFit) {
  FakeLane lane(1, Mixed());
  const std::vector<std::function<void(KeyTerms&)>> changes = {
      [](KeyTerms& terms) { terms.source = KeySource::kUnmediated; },
      [](KeyTerms& terms) { terms.source = KeySource::kBoth; },
      [](KeyTerms& terms) { std::swap(terms.initiator, terms.responder); },
      [](KeyTerms& terms) {
        terms.responder = *AgentId::Parse("carol@east.example");
      },
      [](KeyTerms& terms) { terms.initiator_boot = BootId({1}); },
      [](KeyTerms& terms) { terms.freshness = Freshness::kExchange; },
      [](KeyTerms& terms) { terms.lifetime += absl::Seconds(1); },
      [](KeyTerms& terms) { --terms.use_limit; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    const LaneStep refused = lane.Mix(Changed(lane, changes[i]));
    EXPECT_EQ(refused.status.code(), StatusCode::kInvalidArgument) << i;
    EXPECT_TRUE(refused.messages.empty()) << i;
  }
  Key shorter = lane.FakeDskeKey(7);
  shorter.bytes = Secret::OfSize(16);
  EXPECT_EQ(lane.Mix(std::move(shorter)).status.code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(lane.initiator->outstanding(), 0u);
}

TEST(MixTest, WithoutTheKeyTheResponderRefuses) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(8));
  ExpectRefusal(lane, lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                RunStatus::kNoFreshKey);
  // The other key is still there, and the lane goes on.
  const LaneStep answered =
      lane.ToResponder(lane.Mix(lane.FakeDskeKey(8)).message());
  EXPECT_TRUE(answered.status.ok()) << answered.status;
}

// What the responder holds under the id that M1 names decides at the responder.
TEST(MixTest, ResponderRefusesKeysThatDoNotFit) {
  const std::vector<std::function<void(KeyTerms&)>> changes = {
      [](KeyTerms& terms) { std::swap(terms.initiator, terms.responder); },
      [](KeyTerms& terms) { terms.initiator_boot = BootId({1}); },
      [](KeyTerms& terms) { terms.responder_boot = BootId({1}); },
      [](KeyTerms& terms) { terms.lifetime += absl::Seconds(1); },
      [](KeyTerms& terms) { --terms.use_limit; },
  };
  for (const auto& change : changes) {
    FakeLane lane(1, Mixed());
    AddAtResponder(lane, Changed(lane, change));
    ExpectRefusal(lane,
                  lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                  RunStatus::kNoFreshKey);
    // Consumed all the same: it may come again.
    AddAtResponder(lane, lane.FakeDskeKey(7));
  }
}

TEST(MixTest, KeyIsGoneAfterItsLifetime) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  lane.Pass(lane.FakeDskeKey(7).terms->lifetime);
  ExpectRefusal(lane, lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                RunStatus::kNoFreshKey);
}

// --- Once ---

TEST(MixTest, KeyOfDskeIsMixedInOnce) {
  FakeLane lane(1, Mixed());
  ASSERT_TRUE(lane.MixedRun(7));
  ExpectRefusal(lane, lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                RunStatus::kNoFreshKey);
  EXPECT_TRUE(lane.MixedRun(8));
}

TEST(MixTest, KeyOfDskeIsConsumedEvenIfItsRunFails) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  lane.responder_storage.failure = absl::UnavailableError("io");
  const LaneStep failed =
      lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message());
  EXPECT_EQ(failed.status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(failed.messages.empty());
  lane.responder_storage.failure = absl::OkStatus();
  lane.Pass(kRunTimeout);
  ExpectRefusal(lane, lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                RunStatus::kNoFreshKey);
}

TEST(MixTest, M1ThatDoesNotVerifyConsumesNothing) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  const std::string m1 = lane.Mix(lane.FakeDskeKey(7)).message();
  std::string bad = m1;
  bad.back() ^= 1;
  EXPECT_EQ(lane.ToResponder(bad).status.code(), StatusCode::kDataLoss);
  EXPECT_TRUE(lane.ToResponder(m1).status.ok());
}

TEST(MixTest, KeyThatReRootedIsNotMixedIn) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  const LaneStep rerooted =
      lane.ToResponder(lane.Reroot(lane.FakeDskeKey(7)).message());
  ASSERT_TRUE(lane.ToInitiator(rerooted.message()).status.ok());
  ExpectRefusal(lane, lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                RunStatus::kNoFreshKey);
}

// --- What the configuration allows ---

TEST(MixTest, InitiatorBeginsNoRunThatItsPolicyDoesNotAllow) {
  FakeLane alone(1);
  const LaneStep mixed = alone.Mix(alone.FakeDskeKey(7));
  EXPECT_EQ(mixed.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(mixed.messages.empty());
  FakeLane never_alone(1, Mixed());
  const LaneStep started = never_alone.Start();
  EXPECT_EQ(started.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(started.messages.empty());
  // No leaf is spent on it.
  EXPECT_EQ(never_alone.initiator_storage.commits,
            alone.initiator_storage.commits);
  EXPECT_TRUE(never_alone.MixedRun(7));
  EXPECT_TRUE(alone.Run());
}

// An initiator that says in M1 what the responder's own configuration says, and
// begins another kind of run all the same. No honest one does: so M1 is made
// here, of the initiator's own keys.
std::string M1Of(const FakeLane& lane, RunPurpose purpose,
                 const LanePolicy& context) {
  const LaneState state =
      *LaneState::Decode(AsBytes(*lane.responder_storage.state));
  const Lane& root = state.lanes[0];
  const uint32_t index = static_cast<uint32_t>(root.tree.first());
  const LeafKeys keys = DeriveLeafKeys(root.tree.Evaluate(index)->bytes.view());
  const M1Message m1 = {
      .lane = root.id,
      .index = index,
      .purpose = purpose,
      .fresh = purpose == RunPurpose::kMix ? lane.FakeDskeKey(7).id : KeyId(),
      .boot = lane.initiator_boot,
      .context = context.ContextHash()};
  return m1.Seal(keys.tag1, root.gate);
}

TEST(MixTest, ResponderRefusesRunsThatItsPolicyDoesNotAllow) {
  struct Refused {
    LaneUse use;
    RunPurpose purpose;
  };
  for (const Refused& refused : {Refused{LaneUse::kAlone, RunPurpose::kMix},
                                 Refused{LaneUse::kMixed, RunPurpose::kKey}}) {
    FakeLane lane(1, Used(refused.use));
    AddAtResponder(lane, lane.FakeDskeKey(7));
    const LaneStep answered =
        lane.ToResponder(M1Of(lane, refused.purpose, lane.responder_policy));
    EXPECT_EQ(answered.status.code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(M2Message::Parse(AsBytes(answered.message()))->status,
              RunStatus::kOtherTerms);
    EXPECT_EQ(lane.responder->tentative(), 0u);
  }
}

TEST(MixTest, EndsThatDisagreeAboutMixingAgreeOnNothing) {
  for (const LaneUse use : {LaneUse::kAlone, LaneUse::kMixedOrAlone}) {
    FakeLane lane(1, Mixed());
    lane.responder_policy.use = use;
    ASSERT_TRUE(lane.RestartResponder().ok());
    AddAtResponder(lane, lane.FakeDskeKey(7));
    ExpectRefusal(lane,
                  lane.ToResponder(lane.Mix(lane.FakeDskeKey(7)).message()),
                  RunStatus::kOtherTerms);
  }
}

// --- Crashes ---

TEST(MixTest, ResponderThatCrashesBeforeM1HasNoKey) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  const std::string m1 = lane.Mix(lane.FakeDskeKey(7)).message();
  ASSERT_TRUE(lane.RestartResponder().ok());
  ExpectRefusal(lane, lane.ToResponder(m1), RunStatus::kNoFreshKey);
  // Keys of before fit no more.
  EXPECT_TRUE(lane.MixedRun(8));
}

TEST(MixTest, ResponderThatCrashesAfterM1EndsTheRun) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  const std::string m1 = lane.Mix(lane.FakeDskeKey(7)).message();
  ASSERT_TRUE(lane.ToResponder(m1).status.ok());
  ASSERT_TRUE(lane.RestartResponder().ok());
  const LaneStep told = lane.ToInitiator(lane.ToResponder(m1).message());
  ASSERT_NE(Find<RunFailed>(told.events), nullptr);
  EXPECT_EQ(Find<RunFailed>(told.events)->reason.code(), StatusCode::kAborted);
  EXPECT_TRUE(lane.MixedRun(8));
}

TEST(MixTest, KeyOfAnEarlierStartOfTheResponderIsNotMixedIn) {
  FakeLane lane(1, Mixed());
  Key old = lane.FakeDskeKey(7);
  ASSERT_TRUE(lane.RestartResponder().ok());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  // The initiator does not know yet that the responder has started anew. Under
  // the one id the two ends have keys of different starts.
  const LaneStep answered =
      lane.ToResponder(lane.Mix(std::move(old)).message());
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  const LaneStep finished = lane.ToInitiator(answered.message());
  ASSERT_NE(Find<RunFailed>(finished.events), nullptr);
  EXPECT_EQ(Find<RunFailed>(finished.events)->reason.code(),
            StatusCode::kInvalidArgument);
  // No key, so nothing is confirmed.
  EXPECT_TRUE(finished.messages.empty());
  EXPECT_NE(Find<KeyLapsed>(lane.Pass(kRunTimeout).second.events), nullptr);
}

TEST(MixTest, InitiatorThatCrashesLeavesAKeyThatLapses) {
  FakeLane lane(1, Mixed());
  AddAtResponder(lane, lane.FakeDskeKey(7));
  Key old = lane.FakeDskeKey(8);
  AddAtResponder(lane, lane.FakeDskeKey(8));
  const std::string m1 = lane.Mix(lane.FakeDskeKey(7)).message();
  ASSERT_TRUE(lane.RestartInitiator().ok());
  const LaneStep answered = lane.ToResponder(m1);
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_EQ(lane.ToInitiator(answered.message()).status.code(),
            StatusCode::kFailedPrecondition);
  // Keys of before fit no more.
  EXPECT_EQ(lane.Mix(std::move(old)).status.code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(lane.MixedRun(9));
  EXPECT_NE(Find<KeyLapsed>(lane.Pass(kRunTimeout).second.events), nullptr);
}

}  // namespace
}  // namespace skex
