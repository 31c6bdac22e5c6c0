// Hubs that are dead, lie or refuse: what becomes of keys, and who is named.

#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/dske/hub_health.h"
#include "skex/dske/relay.h"
#include "skex/node/agent_events.h"
#include "skex/node/agent_node.h"
#include "skex/node/fake_network.h"
#include "skex/node/hub_node.h"
#include "skex/node/node_fixture.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad_layout.h"
#include "skex/psk/key.h"
#include "skex/wire/frame.h"

namespace skex {
namespace {

class NodeTest : public NodeFixture {
 protected:
  // The hubs whose shares the events of `agent` call inconsistent.
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
};

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

TEST_F(NodeTest, HonestHubsAreNeverNamed) {
  StartAll();
  Want(4);
  EXPECT_TRUE(Blamed(kBob).empty());
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

}  // namespace
}  // namespace skex
