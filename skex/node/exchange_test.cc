// Alice and bob get the same keys through honest hubs: how many, of which kind,
// and what becomes of exchanges that are late or end in the middle.

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/dske/messages.h"
#include "skex/dske/policy.h"
#include "skex/node/agent_node.h"
#include "skex/node/backoff.h"
#include "skex/node/fake_network.h"
#include "skex/node/node_fixture.h"
#include "skex/pad/pad_source.h"
#include "skex/psk/key.h"
#include "skex/wire/frame.h"
#include "skex/wire/pad_link.h"

namespace skex {
namespace {

class NodeTest : public NodeFixture {
 protected:
  // From now on the grants of the hubs from `first` on do not reach alice.
  void HoldGrants(int first) {
    net_.tamper = [first](const std::string& agent, int hub, bool to_hub,
                          std::string& frame) {
      return agent != kAlice || to_hub || hub < first ||
             ParseFrame(AsBytes(frame))->header.type != FrameType::kGrant;
    };
  }
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

TEST_F(NodeTest, GeneratorPadsGiveComputationalKeys) {
  StartAll();
  Want(1);
  EXPECT_EQ(net_.TakeKeys(kAlice)[0].terms->label, KeyLabel::kComputational);
}

class PhysicalPadsTest : public NodeFixture {
 protected:
  PhysicalPadsTest() : NodeFixture({.source = PadSource::kPhysical}) {}
};

TEST_F(PhysicalPadsTest, GiveInformationTheoreticKeys) {
  StartAll();
  Want(1);
  const std::vector<Key> alice = net_.TakeKeys(kAlice);
  const std::vector<Key> bob = net_.TakeKeys(kBob);
  EXPECT_EQ(alice[0].terms->label, KeyLabel::kInformationTheoretic);
  EXPECT_EQ(bob[0].terms->label, KeyLabel::kInformationTheoretic);
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

TEST_F(NodeTest, AbsentResponderIsSaid) {
  StartAll();
  net_.StopAgent(kBob);
  Want(1);
  EXPECT_NE(LastFailure().message().find("responder is not connected"),
            absl::string_view::npos)
      << LastFailure();
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

}  // namespace
}  // namespace skex
