// New pads beside old ones: keys never stop coming.

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/ids.h"
#include "skex/node/agent_node.h"
#include "skex/node/fake_network.h"
#include "skex/pad/pad_layout.h"
#include "skex/psk/key.h"
#include "skex/wire/pad_link.h"

namespace skex {
namespace {

constexpr int kHubs = 5;
constexpr size_t kBatch = 256;

class ReplenishTest : public testing::Test {
 protected:
  ReplenishTest() : ReplenishTest(FakeNetwork::Options{.chunks = 3}) {}
  explicit ReplenishTest(const FakeNetwork::Options& options) : net_(options) {
    net_.AddPeers(3, kHubs);  // no hub may be missing
    for (int hub = 0; hub < kHubs; ++hub) net_.StartHub(hub);
    net_.StartAgent(kAlice);
    net_.StartAgent(kBob);
    net_.Settle();
  }

  // A batch of keys, on both sides. False if an exchange failed meanwhile.
  bool Establish() {
    EXPECT_TRUE(net_.agent(kAlice)
                    .SetWanted(*AgentId::Parse(kBob), kBatch, net_.now())
                    .ok());
    net_.Settle();
    for (const AgentEvent& event : net_.TakeEvents(kAlice)) {
      const auto* failed = std::get_if<ExchangeFailed>(&event);
      if (failed != nullptr) {
        failure_ = failed->reason;
        return false;
      }
      const auto* keys = std::get_if<KeysEstablished>(&event);
      if (keys != nullptr) alice_ += keys->keys.size();
    }
    bob_ += net_.TakeKeys(kBob).size();
    return true;
  }

  template <class Act>
  void ForEachPair(Act act) {
    for (const char* agent : {kAlice, kBob}) {
      for (int hub = 0; hub < kHubs; ++hub) act(agent, hub);
    }
  }

  FakeNetwork net_;
  size_t alice_ = 0;
  size_t bob_ = 0;
  absl::Status failure_;
};

// How many batches a set of pads does: the test's premise.
TEST_F(ReplenishTest, KeysEndWithThePads) {
  size_t batches = 0;
  while (Establish()) ++batches;
  EXPECT_GT(batches, 4u);
  EXPECT_LT(batches, 12u);
  EXPECT_EQ(failure_.code(), absl::StatusCode::kUnavailable) << failure_;
}

TEST_F(ReplenishTest, KeysGoOnFromPadToPad) {
  for (int round = 0; round < 4; ++round) {
    for (int batch = 0; batch < 4; ++batch) {
      ASSERT_TRUE(Establish()) << failure_;
    }
    ForEachPair([&](const char* agent, int hub) {
      net_.MakePad(agent, hub);
      // Either end first, with keys between.
      const bool agent_first = (hub + round) % 2 == 0;
      net_.TakeNewestPad(agent, hub, agent_first ? Side::kAgent : Side::kHub);
    });
    ASSERT_TRUE(Establish()) << failure_;
    ForEachPair([&](const char* agent, int hub) {
      const bool agent_first = (hub + round) % 2 == 0;
      net_.TakeNewestPad(agent, hub, agent_first ? Side::kHub : Side::kAgent);
    });
    net_.Advance(PadLink::kHelloPatience + absl::Milliseconds(50));
  }
  EXPECT_EQ(alice_, 20 * kBatch);
  EXPECT_EQ(bob_, 20 * kBatch);
}

TEST_F(ReplenishTest, RestartedEndsHaveAllPads) {
  ForEachPair([&](const char* agent, int hub) { net_.MakePad(agent, hub); });
  // One after the other, with keys between. A restart gives up what was
  // granted.
  for (int hub = 0; hub < kHubs; ++hub) {
    net_.StartHub(hub);
    net_.Settle();
    ASSERT_TRUE(Establish()) << failure_;
  }
  for (const char* agent : {kAlice, kBob}) {
    net_.StartAgent(agent);
    net_.Settle();
    ASSERT_TRUE(Establish()) << failure_;
  }
  // Of the old pads there is less than this left.
  for (int batch = 0; batch < 4; ++batch) {
    ASSERT_TRUE(Establish()) << failure_;
  }
}

// A pad that is not used up, as after a theft.
TEST_F(ReplenishTest, PadRevokedAtOneEndOnlyStopsNothing) {
  ForEachPair([&](const char* agent, int hub) {
    net_.MakePad(agent, hub);
    net_.TakeNewestPad(agent, hub, Side::kAgent);
    net_.TakeNewestPad(agent, hub, Side::kHub);
  });
  net_.Settle();
  ASSERT_TRUE(Establish()) << failure_;
  for (int hub = 0; hub < kHubs; ++hub) {
    for (const char* agent : {kAlice, kBob}) {
      const TableId old = net_.pads(agent, hub).hub->identity().table;
      if (hub % 2 == 0) {
        net_.hub(hub).RemovePad(*AgentId::Parse(agent), old);
      } else {
        net_.agent(agent).RemovePad(FakeNetwork::HubName(hub), old);
      }
    }
    net_.Settle();
    ASSERT_TRUE(Establish()) << failure_;
  }
}

class PhysicalReplenishTest : public ReplenishTest {
 protected:
  PhysicalReplenishTest()
      : ReplenishTest({.chunks = 3, .source = PadSource::kPhysical}) {}

  KeyLabel NextLabel() {
    EXPECT_TRUE(net_.agent(kAlice)
                    .SetWanted(*AgentId::Parse(kBob), 1, net_.now())
                    .ok());
    net_.Settle();
    return net_.TakeKeys(kAlice).at(0).terms->label;
  }
};

// Which pad a share will take is not known to the responder beforehand.
TEST_F(PhysicalReplenishTest, OnePadOfALowerSourceLowersTheLabel) {
  EXPECT_EQ(NextLabel(), KeyLabel::kInformationTheoretic);
  net_.MakePad(kBob, 1, PadSource::kPhysical);
  net_.TakeNewestPad(kBob, 1, Side::kAgent);
  net_.TakeNewestPad(kBob, 1, Side::kHub);
  EXPECT_EQ(NextLabel(), KeyLabel::kInformationTheoretic);
  net_.MakePad(kBob, 1, PadSource::kGenerator);
  net_.TakeNewestPad(kBob, 1, Side::kAgent);
  net_.TakeNewestPad(kBob, 1, Side::kHub);
  EXPECT_EQ(NextLabel(), KeyLabel::kComputational);
}

}  // namespace
}  // namespace skex
