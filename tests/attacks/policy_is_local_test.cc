// What a message may not decide: k, the hub set, whose share it is, and whose
// exchange. Each is tried with an end that believes the message, too.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/initiator.h"
#include "skex/dske/messages.h"
#include "skex/dske/relay.h"
#include "skex/dske/responder.h"
#include "skex/dske/shared_secret.h"
#include "skex/node/agent_node.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/wire/link.h"

namespace skex {
namespace {

constexpr uint64_t kSeed = 17;

// Whether `keys` are those of `dealing`, whose maker knows them.
bool MadeBy(const FakeDealing& dealing, const std::vector<Key>& keys) {
  const std::vector<Key> made = ExtractKeys(
      dealing.offer, dealing.secret.view(), BootId(), PadSource::kGenerator);
  return keys.size() == 1 &&
         EqualInConstantTime(keys[0].bytes.view(), made[0].bytes.view());
}

// --- k and the hub set ---

// The policy by which bob judges an offer.
using Policy = PeerPolicy (*)(const Offer& offer);

PeerPolicy Configured(const Offer&) { return FakePolicy(Alice(), 3, 5); }

PeerPolicy OfTheMessage(const Offer& offer) {
  PeerPolicy policy = {.peer = offer.initiator, .hubs = offer.hubs};
  policy.threshold = offer.threshold;
  policy.min_hubs = static_cast<uint8_t>(offer.hubs.size());
  return policy;
}

// Whether bob takes the key that the first hub of `offer` made up.
bool OneHubOwnsTheKey(Policy policy, const Offer& offer) {
  const FakeDealing invented(offer, kSeed);
  SeededEntropy entropy(kSeed);
  Responder bob({Bob(), BootId({2}), &entropy});
  bob.AddPeer(policy(offer));
  const Secret otp = Secret::OfSize(LayoutOf(offer).total_size());
  absl::StatusOr<RelayOutcome> outcome =
      bob.OnShare(offer.hubs[0], AsBytes(invented.Body(0, otp)), otp,
                  PadSource::kGenerator, TestStart());
  return outcome.ok() && MadeBy(invented, outcome->keys);
}

Offer WithThresholdOne() {
  Offer offer = FakeOffer(FakePolicy(Alice(), 3, 5), 1);
  offer.threshold = 1;
  return offer;
}

Offer WithOneHub() {
  Offer offer = WithThresholdOne();
  offer.hubs = {offer.hubs[3]};
  return offer;
}

TEST(PolicyAttack, OneHubOwnsTheKeyIfTheMessageSaysHowManyAreNeeded) {
  EXPECT_TRUE(OneHubOwnsTheKey(OfTheMessage, WithThresholdOne()));
  EXPECT_TRUE(OneHubOwnsTheKey(OfTheMessage, WithOneHub()));
}

TEST(PolicyAttack, OneHubOwnsNoKeyIfTheConfigurationSaysHowManyAreNeeded) {
  EXPECT_FALSE(OneHubOwnsTheKey(Configured, WithThresholdOne()));
  EXPECT_FALSE(OneHubOwnsTheKey(Configured, WithOneHub()));
}

// --- Whose share it is ---

// Bob's end of the link with hub 0, which makes up shares of three hubs.
class BobsEnd {
 public:
  virtual ~BobsEnd() = default;
  // `says` is the hub whose share it is, if the sender is asked.
  virtual void Receive(const HubId& says, const std::string& frame) = 0;
  virtual std::vector<std::string> TakeFrames() = 0;
  virtual std::vector<Key> TakeKeys() = 0;
};

class RealEnd : public BobsEnd {
 public:
  RealEnd(Pad* pad, Entropy* entropy)
      : node_({.self = Bob(), .boot = BootId({2}), .entropy = entropy}) {
    node_.AddHub(NumberedHub(0), pad);
    node_.AddPeer(FakePolicy(Alice(), 3, 5));
  }

  void Receive(const HubId&, const std::string& frame) override {
    node_.OnFrame(NumberedHub(0), AsBytes(frame), TestStart()).IgnoreError();
  }
  std::vector<std::string> TakeFrames() override {
    std::vector<std::string> frames;
    for (auto& [hub, frame] : node_.TakeFrames()) frames.push_back(frame);
    return frames;
  }
  std::vector<Key> TakeKeys() override {
    std::vector<Key> keys;
    for (AgentEvent& event : node_.TakeEvents()) {
      auto* established = std::get_if<KeysEstablished>(&event);
      if (established != nullptr) keys = std::move(established->keys);
    }
    return keys;
  }

 private:
  AgentNode node_;
};

// Asks the sender whose share it is.
class TrustingEnd : public BobsEnd {
 public:
  TrustingEnd(Pad* pad, Entropy* entropy)
      : link_(pad, BootId({2}), entropy),
        responder_({Bob(), BootId({2}), entropy}) {
    responder_.AddPeer(FakePolicy(Alice(), 3, 5));
  }

  void Receive(const HubId& says, const std::string& frame) override {
    if (link_.AnswerChallenge(AsBytes(frame)).ok()) return;
    auto opened = link_.Open(AsBytes(frame));
    if (!opened.ok() || !opened->has_value()) return;
    absl::StatusOr<RelayOutcome> outcome =
        responder_.OnShare(says, (*opened)->body, (*opened)->otp,
                           PadSource::kGenerator, TestStart());
    if (outcome.ok() && !outcome->keys.empty()) {
      keys_ = std::move(outcome->keys);
    }
  }
  std::vector<std::string> TakeFrames() override { return link_.TakeOutbox(); }
  std::vector<Key> TakeKeys() override { return std::move(keys_); }

 private:
  Link link_;
  Responder responder_;
  std::vector<Key> keys_;
};

// Whether bob takes a key of which hub 0 made up all three shares.
template <class End>
bool OneHubSpeaksForThree() {
  SeededEntropy entropy(kSeed);
  FakePadPair pads =
      MakeFakePads(Bob(), NumberedHub(0), SmallGeometry(), entropy);
  const auto bobs_pad = Pad::Open(pads.agent.get(), Side::kAgent, 0).value();
  const auto hubs_pad = Pad::Open(pads.hub.get(), Side::kHub, 0).value();
  End bob(bobs_pad.get(), &entropy);
  Link hub(hubs_pad.get(), BootId({3}), &entropy);
  const auto settle = [&bob, &hub] {
    for (bool moved = true; moved;) {
      moved = false;
      for (const std::string& frame : bob.TakeFrames()) {
        moved = true;
        EXPECT_TRUE(hub.Open(AsBytes(frame)).ok());
      }
      for (const std::string& frame : hub.TakeOutbox()) {
        moved = true;
        bob.Receive(NumberedHub(0), frame);
      }
    }
  };
  bob.Receive(NumberedHub(0), EncodeChallenge(NumberedHub(0), Nonce()));
  EXPECT_TRUE(hub.AcceptHello(Nonce(), AsBytes(bob.TakeFrames().at(0))).ok());
  settle();

  const FakeDealing invented(FakeOffer(FakePolicy(Alice(), 3, 5), 1), kSeed);
  for (size_t i = 0; i < 3; ++i) {
    const LinkSlice slice = hub.Take(invented.shares[i].size()).value();
    EXPECT_TRUE(hub.SealMasked(FrameType::kRelay,
                               {invented.Body(i, slice.pad.bytes)}, slice)
                    .ok());
    for (const std::string& frame : hub.TakeOutbox()) {
      bob.Receive(invented.offer.hubs[i], frame);
    }
  }
  return MadeBy(invented, bob.TakeKeys());
}

TEST(PolicyAttack, OneHubSpeaksForThreeIfItSaysWhoseShareItSends) {
  EXPECT_TRUE(OneHubSpeaksForThree<TrustingEnd>());
}

TEST(PolicyAttack, OneHubSpeaksForItselfIfItsPadSaysWhoseShareItSends) {
  EXPECT_FALSE(OneHubSpeaksForThree<RealEnd>());
}

// --- Whose exchange it is ---

// Whom a hub takes for the initiator of a deal.
using Initiator = AgentId (*)(const AgentId& of_the_pad, const Offer& offer);

AgentId OfThePad(const AgentId& of_the_pad, const Offer&) { return of_the_pad; }
AgentId OfTheBody(const AgentId&, const Offer& offer) {
  return offer.initiator;
}

// Carol deals to bob in alice's name; he admits both. Whether he then has a key
// for alice that carol knows.
bool CarolDealsAsAlice(Initiator initiator) {
  SeededEntropy entropy(kSeed);
  const PeerPolicy policy = FakePolicy(Alice(), 2, 3);
  Responder bob({Bob(), BootId({2}), &entropy});
  bob.AddPeer(policy);
  const FakeDealing invented(FakeOffer(policy, 1), kSeed);
  std::vector<Key> keys;
  for (size_t i = 0; i < policy.hubs.size(); ++i) {
    const HubId& hub = policy.hubs[i];
    FakeLinks carols(Carol(), hub, SmallGeometry(), &entropy);
    FakeLinks bobs(Bob(), hub, SmallGeometry(), &entropy);
    Relay relay({.self = hub});
    relay.SetAgent(Carol(), &carols.hub(), {});
    relay.SetAgent(Bob(), &bobs.hub(), {.allow = {Alice(), Carol()}});

    const LinkSlice slice =
        carols.agent().Take(invented.shares[i].size()).value();
    EXPECT_TRUE(carols.agent()
                    .SealMasked(FrameType::kDeal,
                                {invented.Body(i, slice.pad.bytes)}, slice)
                    .ok());
    const std::string deal = carols.TakeToHub().at(0);
    const OpenedFrame opened = *carols.hub().Open(AsBytes(deal)).value();
    EXPECT_TRUE(
        relay.OnFrame(initiator(Carol(), invented.offer), opened, TestStart())
            .ok());
    for (const std::string& frame : bobs.TakeToAgent()) {
      const OpenedFrame relayed = *bobs.agent().Open(AsBytes(frame)).value();
      absl::StatusOr<RelayOutcome> outcome = bob.OnShare(
          hub, relayed.body, relayed.otp, PadSource::kGenerator, TestStart());
      if (outcome.ok() && !outcome->keys.empty()) {
        keys = std::move(outcome->keys);
      }
    }
  }
  return MadeBy(invented, keys) && keys[0].terms->initiator == Alice();
}

TEST(PolicyAttack, AgentDealsInTheNameOfAnotherIfTheBodySaysWhoDeals) {
  EXPECT_TRUE(CarolDealsAsAlice(OfTheBody));
}

TEST(PolicyAttack, AgentDealsInItsOwnNameIfThePadSaysWhoDeals) {
  EXPECT_FALSE(CarolDealsAsAlice(OfThePad));
}

// --- Hubs that are away ---

// Alice's policy when `alive` of the hubs can be reached.
using Shrink = PeerPolicy (*)(PeerPolicy policy, size_t alive);

PeerPolicy AsConfigured(PeerPolicy policy, size_t) { return policy; }
PeerPolicy WithLowerThreshold(PeerPolicy policy, size_t alive) {
  const auto most = static_cast<uint8_t>(alive);
  policy.threshold = std::min(policy.threshold, most);
  policy.min_hubs = std::min(policy.min_hubs, most);
  return policy;
}

// Somebody cuts alice off from all hubs but a corrupt one. Whether that hub
// then gets the whole secret of an exchange.
bool LastHubGetsTheSecret(Shrink shrink) {
  SeededEntropy entropy(kSeed);
  const PeerPolicy policy = FakePolicy(Bob(), 3, 5);
  std::vector<std::unique_ptr<FakeLinks>> links;
  std::vector<HubLink> hubs;
  for (const HubId& hub : policy.hubs) {
    links.push_back(
        std::make_unique<FakeLinks>(Alice(), hub, SmallGeometry(), &entropy));
    hubs.push_back({hub, &links.back()->agent()});
    if (links.size() > 1) links.back()->Disconnect();
  }
  auto exchange = InitiatorExchange::Start(
      {.self = Alice(), .boot = BootId({1}), .entropy = &entropy},
      shrink(policy, 1), hubs, TestStart());
  for (const std::string& deal : links[0]->TakeToHub()) {
    const OpenedFrame opened = *links[0]->hub().Open(AsBytes(deal)).value();
    const ShareMessage message = ShareMessage::Parse(opened.body).value();
    Secret share = Secret::CopyOf(message.masked);
    for (size_t i = 0; i < share.size(); ++i) {
      share.mutable_view()[i] ^= opened.otp.view()[i];
    }
    if (KeyTagsVerify(message.offer, share.view())) return true;
  }
  EXPECT_EQ(exchange.status().code(), absl::StatusCode::kUnavailable);
  return false;
}

TEST(PolicyAttack, LastHubGetsTheSecretIfHubsThatAreAwayLowerTheThreshold) {
  EXPECT_TRUE(LastHubGetsTheSecret(WithLowerThreshold));
}

TEST(PolicyAttack, LastHubGetsNothingIfHubsThatAreAwayLowerTheirNumberOnly) {
  EXPECT_FALSE(LastHubGetsTheSecret(AsConfigured));
}

}  // namespace
}  // namespace skex
