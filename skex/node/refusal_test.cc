// What nodes refuse: frames that were changed, replayed or forged, strangers,
// and what the policy of an agent or a hub does not allow.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/dske/policy.h"
#include "skex/dske/relay.h"
#include "skex/dske/responder.h"
#include "skex/mac/one_time_mac.h"
#include "skex/node/agent_node.h"
#include "skex/node/fake_network.h"
#include "skex/node/hub_node.h"
#include "skex/node/node_fixture.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"
#include "skex/pad/pad_source.h"
#include "skex/pad/pad_storage.h"
#include "skex/psk/key.h"
#include "skex/wire/frame.h"
#include "skex/wire/link.h"

namespace skex {
namespace {

class NodeTest : public NodeFixture {};

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

TEST_F(NodeTest, ClocksThatDifferTooMuchAreSaid) {
  StartAll();
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

TEST_F(NodeTest, InitiatorThatIsNotAllowedGetsANotice) {
  StartAll();
  for (int hub = 0; hub < 5; ++hub) {
    net_.hub(hub).UpdateAgent(*AgentId::Parse(kBob), {});
  }
  const PadMarks marks = net_.pads(kBob, 0).hub->marks();
  Want(1);
  EXPECT_NE(
      LastFailure().message().find("responder does not allow this initiator"),
      absl::string_view::npos)
      << LastFailure();
  EXPECT_EQ(net_.hub(0).relay().count(RelayResult::kNotAllowed), 1u);
  EXPECT_EQ(net_.pads(kBob, 0).hub->marks(), marks);
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

}  // namespace
}  // namespace skex
