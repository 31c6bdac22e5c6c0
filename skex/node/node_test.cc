#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/messages.h"
#include "skex/node/agent_node.h"
#include "skex/node/backoff.h"
#include "skex/node/fake_network.h"
#include "skex/node/hub_node.h"

namespace skex {
namespace {

const char kAlice[] = "alice@north.example";
const char kBob[] = "bob@south.example";

// Five hubs, alice and bob with 3 of 5, all running.
class NodeTest : public testing::Test {
 protected:
  NodeTest() : NodeTest(FakeNetwork::Options()) {}
  explicit NodeTest(const FakeNetwork::Options& options) : net_(options) {
    net_.AddPeers(3, 3);
  }

  void StartAll() {
    for (int hub = 0; hub < 5; ++hub) net_.StartHub(hub);
    net_.StartAgent(kAlice);
    net_.StartAgent(kBob);
    net_.Settle();
  }

  // Alice wants keys to dial bob with.
  void Want(size_t keys) {
    ASSERT_TRUE(net_.agent(kAlice)
                    .SetWanted(*AgentId::Parse(kBob), keys, net_.now())
                    .ok());
    net_.Settle();
  }

  // Both sides have the same `count` keys.
  void ExpectAgreement(size_t count) {
    std::vector<Key> alice = net_.TakeKeys(kAlice);
    std::vector<Key> bob = net_.TakeKeys(kBob);
    ASSERT_EQ(alice.size(), count);
    ASSERT_EQ(bob.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(alice[i].id, bob[i].id);
      EXPECT_EQ(alice[i].bytes.size(), 32u);
      EXPECT_TRUE(
          EqualInConstantTime(alice[i].bytes.view(), bob[i].bytes.view()));
      EXPECT_EQ(alice[i].terms->policy_hash, bob[i].terms->policy_hash);
      EXPECT_EQ(alice[i].terms->label, bob[i].terms->label);
      EXPECT_EQ(alice[i].terms->responder_boot, bob[i].terms->responder_boot);
    }
  }

  // The shares that alice's and bob's events call inconsistent.
  std::set<std::string> Blamed(const std::string& agent) {
    std::set<std::string> hubs;
    for (const AgentEvent& event : net_.TakeEvents(agent)) {
      if (const auto* blame = std::get_if<ShareInconsistent>(&event)) {
        hubs.insert(blame->hub.text());
      }
    }
    return hubs;
  }

  // Establishes one more key; the hubs that took part.
  std::set<std::string> HubsOfNextKey() {
    Want(1);
    net_.Advance(absl::Milliseconds(700));
    std::set<std::string> hubs;
    for (const Key& key : net_.TakeKeys(kAlice)) {
      for (const HubId& hub : key.terms->hubs) hubs.insert(hub.text());
    }
    return hubs;
  }

  // From now on the grants of the hubs from `first` on do not reach alice.
  void HoldGrants(int first) {
    net_.tamper = [first](const std::string& agent, int hub, bool to_hub,
                          std::string& frame) {
      return agent != kAlice || to_hub || hub < first ||
             ParseFrame(AsBytes(frame))->header.type != FrameType::kGrant;
    };
  }

  absl::Status LastFailure() {
    return net_.agent(kAlice).LastFailure(*AgentId::Parse(kBob));
  }

  FakeNetwork net_;
};

TEST_F(NodeTest, BothAgentsGetTheSameKey) {
  StartAll();
  Want(1);
  ExpectAgreement(1);
  EXPECT_TRUE(net_.refused.empty());
}

TEST_F(NodeTest, BatchOfTheLargestSizeAgrees) {
  StartAll();
  Want(kMostKeys);
  ExpectAgreement(kMostKeys);
}

TEST_F(NodeTest, KeysDiffer) {
  StartAll();
  Want(16);
  std::set<std::string> seen;
  for (const Key& key : net_.TakeKeys(kAlice)) {
    EXPECT_TRUE(seen.insert(std::string(AsText(key.bytes.view()))).second);
  }
}

TEST_F(NodeTest, BothMayInitiateAtOnce) {
  StartAll();
  ASSERT_TRUE(
      net_.agent(kAlice).SetWanted(*AgentId::Parse(kBob), 1, net_.now()).ok());
  ASSERT_TRUE(
      net_.agent(kBob).SetWanted(*AgentId::Parse(kAlice), 1, net_.now()).ok());
  net_.Settle();
  EXPECT_EQ(net_.TakeKeys(kAlice).size(), 2u);
  EXPECT_EQ(net_.TakeKeys(kBob).size(), 2u);
}

TEST_F(NodeTest, TwoDeadHubsOfFiveDoNotMatter) {
  StartAll();
  net_.StopHub(1);
  net_.StopHub(4);
  Want(4);
  ExpectAgreement(4);
}

TEST_F(NodeTest, ThreeDeadHubsOfFiveFailWithTheReason) {
  StartAll();
  for (int hub : {0, 1, 2}) net_.StopHub(hub);
  Want(1);
  EXPECT_TRUE(net_.TakeKeys(kAlice).empty());
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(LastFailure().message().find("2 of 5 hubs can take part, 3 are "
                                         "needed"),
            absl::string_view::npos)
      << LastFailure();
}

TEST_F(NodeTest, RecoversWhenAHubComesBack) {
  StartAll();
  for (int hub : {0, 1, 2}) net_.StopHub(hub);
  Want(1);
  net_.StartHub(1);
  net_.Advance(absl::Seconds(3));
  ExpectAgreement(1);
}

TEST_F(NodeTest, HubsThatDieInTheMiddleDoNotMatter) {
  StartAll();
  int seen = 0;
  net_.tamper = [&](const std::string&, int, bool to_hub, std::string& frame) {
    const bool deal =
        to_hub && ParseFrame(AsBytes(frame))->header.type == FrameType::kDeal;
    return !deal || ++seen > 2;  // two deals are lost
  };
  Want(1);
  ExpectAgreement(1);
}

TEST_F(NodeTest, LostConfirmationsEndInATimeOutAndANewExchange) {
  StartAll();
  bool drop = true;
  net_.tamper = [&](const std::string& agent, int, bool to_hub,
                    std::string& frame) {
    return !drop || to_hub || agent != kAlice ||
           ParseFrame(AsBytes(frame))->header.type != FrameType::kConfirm;
  };
  Want(1);
  EXPECT_TRUE(net_.TakeKeys(kAlice).empty());
  const std::vector<Key> lost = net_.TakeKeys(kBob);
  ASSERT_EQ(lost.size(), 1u);
  drop = false;
  net_.Advance(absl::Seconds(4));
  const std::vector<Key> alice = net_.TakeKeys(kAlice);
  ASSERT_EQ(alice.size(), 1u);
  EXPECT_NE(alice[0].id, lost[0].id);
}

// A hub that bends what it relays: it reseals a changed share under its own
// pad, as only the hub itself can.
class LyingHubTest : public NodeTest {
 protected:
  // Hub `liar` changes bytes of the shares that go to bob, by changing its own
  // copy of the pad bytes that mask them in a way that keeps MACs valid: here,
  // the copies of the initiator's otp bytes at the hub.
  void BendShares(int liar) {
    FakePadPair& pads = net_.pads(kAlice, liar);
    const PadGeometry& geometry = pads.hub->identity().geometry;
    const uint64_t begin =
        geometry.Begin(Direction::kAgentToHub, 0, Stream::kOtp);
    for (uint64_t i = 0; i < geometry.otp_bytes; i += 16) {
      pads.hub->data()[begin + i] ^= 1;
    }
  }
};

TEST_F(LyingHubTest, TwoLiarsOfFiveAreOutvotedAndNamed) {
  BendShares(0);
  BendShares(3);
  StartAll();
  Want(2);
  std::vector<Key> alice = net_.TakeKeys(kAlice);
  ASSERT_EQ(alice.size(), 2u);
  // Shares that come after the key are checked as well.
  EXPECT_EQ(Blamed(kBob),
            (std::set<std::string>{"hub0@op0.example", "hub3@op3.example"}));
}

TEST_F(LyingHubTest, AgreementHoldsWithLiars) {
  BendShares(1);
  BendShares(2);
  StartAll();
  Want(3);
  ExpectAgreement(3);
}

TEST_F(LyingHubTest, ThreeLiarsOfFiveGiveNoKey) {
  for (int liar : {0, 1, 2}) BendShares(liar);
  StartAll();
  Want(1);
  net_.Advance(absl::Seconds(4));
  EXPECT_TRUE(net_.TakeKeys(kAlice).empty());
  EXPECT_TRUE(net_.TakeKeys(kBob).empty());
}

TEST_F(LyingHubTest, HubWhoseShareDidNotFitIsLeftOutForAWhile) {
  BendShares(0);
  StartAll();
  EXPECT_EQ(HubsOfNextKey().size(), 5u);
  const std::set<std::string> without = HubsOfNextKey();
  EXPECT_EQ(without.size(), 4u);
  EXPECT_FALSE(without.contains("hub0@op0.example"));
  net_.Advance(HubHealth::kAfterInconsistentShare);
  EXPECT_EQ(HubsOfNextKey().size(), 5u);
}

TEST_F(LyingHubTest, NoHubIsLeftOutBelowTheLeastNumber) {
  net_.policy(kAlice, kBob).min_hubs = 5;
  BendShares(0);
  StartAll();
  EXPECT_EQ(HubsOfNextKey().size(), 5u);
  EXPECT_EQ(HubsOfNextKey().size(), 5u);
}

TEST_F(NodeTest, HubThatRefusesIsNotDealtToAtOnce) {
  StartAll();
  net_.hub(1).UpdateAgent(*AgentId::Parse(kBob), {});
  EXPECT_EQ(HubsOfNextKey().size(), 5u);  // the notice comes after the deal
  EXPECT_EQ(net_.agent(kAlice).HubObjection(
                *AgentId::Parse(kBob), FakeNetwork::HubName(1), net_.now()),
            "left out for 1m: responder does not allow this initiator");
  EXPECT_FALSE(HubsOfNextKey().contains("hub1@op1.example"));
  EXPECT_EQ(net_.hub(1).relay().count(RelayResult::kNotAllowed), 1u);
}

TEST_F(NodeTest, ManyKeysComeInExchangesSideBySide) {
  StartAll();
  size_t most = 0;
  std::set<ExchangeId> open;
  net_.tamper = [&](const std::string& agent, int, bool to_hub,
                    std::string& frame) {
    const Frame parsed = *ParseFrame(AsBytes(frame));
    if (agent == kAlice && to_hub && parsed.header.type == FrameType::kDeal) {
      open.insert(ShareMessage::Parse(parsed.body)->offer.exchange);
    } else if (agent == kAlice && parsed.header.type == FrameType::kConfirm) {
      open.erase(ConfirmMessage::Parse(parsed.body)->exchange);
    }
    most = std::max(most, open.size());
    return true;
  };
  Want(5 * kMostKeys);
  ExpectAgreement(5 * kMostKeys);
  EXPECT_GT(most, 1u);
  EXPECT_LE(most, AgentNode::kMostUnderWay);
}

TEST_F(NodeTest, ExchangesThatFailTogetherCountOnce) {
  StartAll();
  net_.tamper = [](const std::string& agent, int, bool to_hub, std::string&) {
    return !(agent == kAlice && to_hub);
  };
  Want(3 * kMostKeys);
  net_.Advance(absl::Seconds(3));
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kDeadlineExceeded);
  net_.tamper = nullptr;
  // One step of the back-off, not one for each exchange.
  net_.Advance(Backoff::kLeast + absl::Milliseconds(20));
  EXPECT_GE(net_.TakeKeys(kAlice).size(), 1u);
}

TEST_F(NodeTest, GrantsThatComeLateFailNoExchange) {
  constexpr size_t kMany = 4 * kMostKeys;  // more than one chunk of each pad
  StartAll();
  HoldGrants(3);  // three hubs are enough
  Want(kMany);
  net_.Advance(absl::Seconds(2));
  EXPECT_EQ(net_.TakeKeys(kAlice).size(), kMany);
  HoldGrants(0);
  Want(kMany);
  net_.Advance(AgentNode::kScarceGrantPatience - absl::Milliseconds(500));
  const size_t before = net_.TakeKeys(kAlice).size();
  EXPECT_LT(before, kMany);
  EXPECT_TRUE(LastFailure().ok()) << LastFailure();
  net_.tamper = nullptr;
  net_.Advance(PadLink::kRequestPatience + absl::Milliseconds(20));
  EXPECT_EQ(net_.TakeKeys(kAlice).size(), kMany - before);
  EXPECT_TRUE(LastFailure().ok()) << LastFailure();
}

TEST_F(NodeTest, GrantsThatNeverComeFailWithTheReason) {
  StartAll();
  HoldGrants(0);
  Want(4 * kMostKeys);
  net_.Advance(AgentNode::kScarceGrantPatience + absl::Milliseconds(20));
  EXPECT_EQ(LastFailure().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(LastFailure().message().find("waiting for pad grants"),
            std::string::npos)
      << LastFailure();
}

TEST_F(NodeTest, LongKeysForDeliveryAreEstablished) {
  for (const char* agent : {kAlice, kBob}) {
    PeerPolicy& policy = net_.policy(agent, agent == kAlice ? kBob : kAlice);
    policy.freshness = Freshness::kDelivery;
    policy.key_bytes = kMostKeyBytes;
  }
  StartAll();
  Want(40);  // more than one exchange takes
  net_.Advance(absl::Seconds(2));
  std::vector<Key> alice = net_.TakeKeys(kAlice);
  std::vector<Key> bob = net_.TakeKeys(kBob);
  ASSERT_EQ(alice.size(), 40u);
  ASSERT_EQ(bob.size(), 40u);
  for (size_t i = 0; i < alice.size(); ++i) {
    EXPECT_EQ(alice[i].id, bob[i].id);
    ASSERT_EQ(alice[i].bytes.size(), kMostKeyBytes);
    EXPECT_TRUE(
        EqualInConstantTime(alice[i].bytes.view(), bob[i].bytes.view()));
  }
}

TEST_F(NodeTest, HonestHubsAreNeverNamed) {
  StartAll();
  Want(4);
  EXPECT_TRUE(Blamed(kBob).empty());
}

TEST_F(NodeTest, FlippedBitInAnyFrameNeverGivesDifferentKeys) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    FakeNetwork net({.seed = seed});
    net.AddPeers(3, 3);
    for (int hub = 0; hub < 5; ++hub) net.StartHub(hub);
    net.StartAgent(kAlice);
    net.StartAgent(kBob);
    net.Settle();
    std::mt19937_64 random(seed);
    net.tamper = [&](const std::string&, int, bool, std::string& frame) {
      if (random() % 4 == 0) {
        frame[random() % frame.size()] ^= static_cast<char>(1 << random() % 8);
      }
      return true;
    };
    ASSERT_TRUE(
        net.agent(kAlice).SetWanted(*AgentId::Parse(kBob), 1, net.now()).ok());
    net.Advance(absl::Seconds(8));
    const std::vector<Key> bob = net.TakeKeys(kBob);
    for (const Key& key : net.TakeKeys(kAlice)) {
      bool same = false;
      for (const Key& other : bob) {
        if (other.id != key.id) continue;
        same = EqualInConstantTime(key.bytes.view(), other.bytes.view());
      }
      EXPECT_TRUE(same);
    }
    EXPECT_FALSE(net.refused.empty());
  }
}

TEST_F(NodeTest, OtherThresholdIsRefused) {
  net_.policy(kBob, kAlice).threshold = 2;
  net_.policy(kBob, kAlice).min_hubs = 2;
  StartAll();
  Want(1);
  net_.Advance(absl::Seconds(4));
  EXPECT_TRUE(net_.TakeKeys(kBob).empty());
  ASSERT_FALSE(net_.refused.empty());
  EXPECT_NE(net_.refused[0].message().find("threshold 3, ours is 2"),
            absl::string_view::npos)
      << net_.refused[0];
}

TEST_F(NodeTest, TooFewHubsForTheResponderAreRefused) {
  net_.policy(kBob, kAlice).min_hubs = 5;
  StartAll();
  net_.StopHub(0);
  Want(1);
  EXPECT_TRUE(net_.TakeKeys(kBob).empty());
  ASSERT_FALSE(net_.refused.empty());
  EXPECT_NE(net_.refused[0].message().find("4 hubs, we want at least 5"),
            absl::string_view::npos);
}

TEST_F(NodeTest, HubThatTheResponderDoesNotNameIsRefused) {
  PeerPolicy& policy = net_.policy(kBob, kAlice);
  std::erase(policy.hubs, FakeNetwork::HubName(2));
  StartAll();
  Want(1);
  EXPECT_TRUE(net_.TakeKeys(kBob).empty());
  ASSERT_FALSE(net_.refused.empty());
  EXPECT_NE(net_.refused[0].message().find("hub2@op2.example is not one of "
                                           "ours"),
            absl::string_view::npos);
}

TEST_F(NodeTest, InitiatorThatIsNotAllowedGetsANotice) {
  StartAll();
  for (int hub = 0; hub < 5; ++hub) {
    net_.hub(hub).UpdateAgent(*AgentId::Parse(kBob), {});
  }
  Want(1);
  EXPECT_NE(
      LastFailure().message().find("responder does not allow this initiator"),
      absl::string_view::npos)
      << LastFailure();
  EXPECT_EQ(net_.hub(0).relay().count(RelayResult::kNotAllowed), 1u);
  EXPECT_EQ(net_.pads(kBob, 0).hub->marks(), net_.pads(kBob, 0).hub->marks());
}

TEST_F(NodeTest, QuotaOfAPairEndsItsUse) {
  StartAll();
  for (int hub = 0; hub < 5; ++hub) {
    net_.hub(hub).UpdateAgent(
        *AgentId::Parse(kBob),
        {.allow = {*AgentId::Parse(kAlice)}, .pair_quota_bytes = 600});
  }
  Want(1);
  Want(1);
  ExpectAgreement(2);
  Want(1);
  EXPECT_NE(LastFailure().message().find("quota"), absl::string_view::npos)
      << LastFailure();
}

TEST_F(NodeTest, AbsentResponderIsSaid) {
  StartAll();
  net_.StopAgent(kBob);
  Want(1);
  EXPECT_NE(LastFailure().message().find("responder is not connected"),
            absl::string_view::npos)
      << LastFailure();
}

TEST_F(NodeTest, RemovedPeerIsNeitherAskedNorAnswered) {
  StartAll();
  const AgentId bob = *AgentId::Parse(kBob);
  const AgentId alice = *AgentId::Parse(kAlice);
  net_.tamper = [](const std::string& agent, int, bool to_hub, std::string&) {
    return agent != kBob || to_hub;  // bob does not hear of it
  };
  Want(2);
  net_.tamper = nullptr;
  net_.agent(kAlice).RemovePeer(bob);  // in the middle
  net_.agent(kAlice).RemovePeer(bob);
  net_.Advance(absl::Seconds(5));
  EXPECT_TRUE(net_.TakeEvents(kAlice).empty());
  EXPECT_EQ(net_.agent(kAlice).SetWanted(bob, 1, net_.now()).code(),
            absl::StatusCode::kNotFound);
  // Bob still asks.
  ASSERT_TRUE(net_.agent(kBob).SetWanted(alice, 1, net_.now()).ok());
  net_.Settle();
  EXPECT_TRUE(net_.TakeKeys(kBob).empty());
  EXPECT_TRUE(net_.TakeKeys(kAlice).empty());
  net_.agent(kAlice).AddPeer(net_.policy(kAlice, kBob));
  net_.Advance(absl::Seconds(40));  // bob's exchange, and his back-off
  ASSERT_EQ(net_.TakeKeys(kBob).size(), 1u);
  EXPECT_EQ(net_.TakeKeys(kAlice).size(), 1u);
  Want(3);
  ExpectAgreement(3);
}

TEST_F(NodeTest, RestartedAgentsAndHubsAgreeAgain) {
  StartAll();
  Want(1);
  ExpectAgreement(1);
  net_.StartAgent(kBob);
  net_.Settle();
  Want(1);
  ExpectAgreement(1);
  net_.StartHub(2);
  net_.StartAgent(kAlice);
  net_.Settle();
  Want(1);
  ExpectAgreement(1);
}

TEST_F(NodeTest, RestartOfTheResponderShowsInTheBootId) {
  StartAll();
  Want(1);
  const BootId before = net_.TakeKeys(kAlice)[0].terms->responder_boot;
  net_.StartAgent(kBob);
  net_.Settle();
  Want(1);
  EXPECT_NE(net_.TakeKeys(kAlice)[0].terms->responder_boot, before);
}

TEST_F(NodeTest, StrangersStreamGetsNoShares) {
  StartAll();
  FakePadPair forged =
      MakeFakePads(*AgentId::Parse(kBob), FakeNetwork::HubName(0),
                   SmallGeometry(), net_.entropy());
  auto pad = *Pad::Open(forged.agent.get(), Side::kAgent, 0);
  Link stranger(pad.get(), RandomId<BootId>(net_.entropy()), &net_.entropy());
  HubNode& hub = net_.hub(0);
  hub.OnStreamUp(999);
  std::string challenge;
  for (auto& [stream, frame] : hub.TakeFrames()) {
    if (stream == 999) challenge = frame;
  }
  ASSERT_TRUE(stranger.AnswerChallenge(AsBytes(challenge)).ok());
  EXPECT_EQ(
      hub.OnFrame(999, AsBytes(stranger.TakeOutbox()[0]), net_.now()).code(),
      absl::StatusCode::kUnauthenticated);
  EXPECT_FALSE(hub.AgentOf(999).has_value());
  Want(1);
  ExpectAgreement(1);
}

TEST_F(NodeTest, ReplayedDealChangesNothing) {
  StartAll();
  std::string deal;
  net_.tamper = [&](const std::string&, int hub, bool to_hub,
                    std::string& frame) {
    if (hub == 0 && to_hub &&
        ParseFrame(AsBytes(frame))->header.type == FrameType::kDeal) {
      deal = frame;
    }
    return true;
  };
  Want(1);
  ExpectAgreement(1);
  const uint64_t relayed = net_.hub(0).relay().count(RelayResult::kRelayed);
  for (StreamNumber stream = 1; stream < 20; ++stream) {
    EXPECT_FALSE(net_.hub(0).OnFrame(stream, AsBytes(deal), net_.now()).ok());
  }
  EXPECT_EQ(net_.hub(0).relay().count(RelayResult::kRelayed), relayed);
}

TEST_F(NodeTest, UnacknowledgedSharesAreDroppedInTime) {
  StartAll();
  net_.tamper = [&](const std::string& agent, int, bool to_hub,
                    std::string& frame) {
    return !(to_hub && agent == kBob &&
             ParseFrame(AsBytes(frame))->header.type == FrameType::kReceipt);
  };
  Want(1);
  EXPECT_EQ(net_.hub(0).relay().waiting(), 1u);
  ASSERT_TRUE(
      net_.agent(kAlice).SetWanted(*AgentId::Parse(kBob), 0, net_.now()).ok());
  net_.Advance(absl::Seconds(31));
  EXPECT_EQ(net_.hub(0).relay().waiting(), 0u);
  EXPECT_EQ(net_.hub(0).relay().count(RelayResult::kExpired), 1u);
}

TEST_F(NodeTest, ClocksThatDifferTooMuchAreSaid) {
  StartAll();
  net_.tamper = nullptr;
  // Bob's check of the expiry sees another wall clock.
  const Instant late = {net_.now().wall + absl::Minutes(2), net_.now().mono};
  Responder responder(
      {.self = *AgentId::Parse(kBob), .boot = {}, .entropy = &net_.entropy()});
  responder.AddPeer(net_.policy(kBob, kAlice));
  std::string body;
  uint64_t size = 0;
  net_.tamper = [&](const std::string&, int, bool to_hub, std::string& frame) {
    absl::StatusOr<Frame> parsed = ParseFrame(AsBytes(frame));
    if (to_hub && parsed->header.type == FrameType::kDeal) {
      body = std::string(AsText(parsed->body));
      size = parsed->header.otp.size();
    }
    return true;
  };
  Want(1);
  absl::Status status =
      responder
          .OnShare(FakeNetwork::HubName(0), AsBytes(body), Secret::OfSize(size),
                   PadSource::kGenerator, late)
          .status();
  EXPECT_NE(status.message().find("clocks"), absl::string_view::npos) << status;
}

TEST_F(NodeTest, GeneratorPadsGiveComputationalKeys) {
  StartAll();
  Want(1);
  EXPECT_EQ(net_.TakeKeys(kAlice)[0].terms->label, KeyLabel::kComputational);
}

class PhysicalPadsTest : public NodeTest {
 protected:
  PhysicalPadsTest() : NodeTest({.source = PadSource::kPhysical}) {}
};

TEST_F(PhysicalPadsTest, GiveInformationTheoreticKeys) {
  StartAll();
  Want(1);
  const std::vector<Key> alice = net_.TakeKeys(kAlice);
  const std::vector<Key> bob = net_.TakeKeys(kBob);
  EXPECT_EQ(alice[0].terms->label, KeyLabel::kInformationTheoretic);
  EXPECT_EQ(bob[0].terms->label, KeyLabel::kInformationTheoretic);
}

// Initiator and responder know each other's otp bytes. A frame forged with one
// of them as MAC key must not verify: position fixes role.
TEST_F(NodeTest, OtpBytesAreNoMacKeys) {
  StartAll();
  std::string relay;
  net_.tamper = [&](const std::string& agent, int hub, bool to_hub,
                    std::string& frame) {
    if (agent == kBob && hub == 0 && !to_hub &&
        ParseFrame(AsBytes(frame))->header.type == FrameType::kRelay) {
      relay = frame;
      return false;  // bob never sees it: its pad bytes stay unused
    }
    return true;
  };
  Want(1);
  const Frame parsed = *ParseFrame(AsBytes(relay));
  // Alice knows the share (it is her own pad) and so the mask.
  FakePadPair& pads = net_.pads(kBob, 0);
  FrameHeader header = parsed.header;
  header.mac_offset = parsed.header.otp.from;
  header.otp = {};
  std::string forged = EncodeFrame(header, {"forged"});
  const absl::string_view key =
      absl::string_view(pads.hub->data()).substr(header.mac_offset, 32);
  const OneTimeTag tag = ComputeOneTimeMac(AsBytes(key), {AsBytes(forged)});
  forged.append(tag.begin(), tag.end());
  EXPECT_EQ(net_.agent(kBob)
                .OnFrame(FakeNetwork::HubName(0), AsBytes(forged), net_.now())
                .code(),
            absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace skex
