// Mallory, who may deal to bob, bends her own shares so that honest hubs look
// like liars. If bob takes it for proof against the hubs, he is left without
// the hubs of everybody else's exchanges.

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/fake_dealing.h"
#include "skex/mac/one_time_mac.h"
#include "skex/node/agent_node.h"
#include "skex/node/fake_network.h"
#include "skex/wire/frame.h"

namespace skex {
namespace {

constexpr char kMallory[] = "mallory@evil.example";
constexpr int kHubs = 5;

// Alice, bob and mallory with 3 of 5 honest hubs.
class BlamedHubs {
 public:
  BlamedHubs()
      : net_({.seed = 12,
              .hubs = kHubs,
              .agents = {Alice().text(), Bob().text(), kMallory}}) {
    net_.AddPeers(3, 3);
    for (int hub = 0; hub < kHubs; ++hub) net_.StartHub(hub);
    for (const std::string& agent :
         {Alice().text(), Bob().text(), std::string(kMallory)}) {
      net_.StartAgent(agent);
    }
    net_.Settle();
  }

  // Mallory deals off the polynomial for `blamed`; what bob reports. She does
  // not remember whom she accused before.
  std::vector<ShareInconsistent> Accuse(const std::set<int>& blamed) {
    net_.StartAgent(kMallory);
    net_.Settle();
    net_.tamper = [this, &blamed](const std::string& agent, int hub,
                                  bool to_hub, std::string& frame) {
      if (agent == kMallory && to_hub && blamed.contains(hub)) Bend(hub, frame);
      return true;
    };
    const std::vector<ShareInconsistent> reports = Exchange(kMallory);
    net_.tamper = nullptr;
    return reports;
  }

  // Whether alice gets a key with bob.
  bool AliceGetsAKey() {
    net_.TakeKeys(Alice().text());
    Exchange(Alice().text());
    net_.Advance(absl::Seconds(4));
    return !net_.TakeKeys(Alice().text()).empty();
  }

  // From now on bob does not take shares of `hub` in exchanges of `initiator`.
  void LeaveOut(const HubId& hub, const std::string& initiator) {
    std::erase(net_.policy(Bob().text(), initiator).hubs, hub);
  }

  void RestartBob() {
    net_.StartAgent(Bob().text());
    net_.Settle();
  }

 private:
  // A deal of mallory's, its last byte changed and sealed anew, as she can.
  void Bend(int hub, std::string& bytes) {
    const Frame frame = ParseFrame(AsBytes(bytes)).value();
    if (frame.header.type != FrameType::kDeal) return;
    const std::string key = net_.pads(kMallory, hub)
                                .agent->data()
                                .substr(frame.header.mac_offset, kMacSlotSize);
    std::string body(AsText(frame.body));
    body.back() = static_cast<char>(body.back() ^ 1);
    bytes = EncodeFrame(frame.header, {body});
    const OneTimeTag tag = ComputeOneTimeMac(AsBytes(key), {AsBytes(bytes)});
    bytes.append(tag.begin(), tag.end());
  }

  std::vector<ShareInconsistent> Exchange(const std::string& initiator) {
    EXPECT_TRUE(net_.agent(initiator).SetWanted(Bob(), 1, net_.now()).ok());
    net_.Settle();
    std::vector<ShareInconsistent> reports;
    for (const AgentEvent& event : net_.TakeEvents(Bob().text())) {
      const auto* report = std::get_if<ShareInconsistent>(&event);
      if (report != nullptr) reports.push_back(*report);
    }
    return reports;
  }

  FakeNetwork net_;
};

// What bob does about a report.
using Reaction = void (*)(BlamedHubs&, const ShareInconsistent&);

void DoesNothing(BlamedHubs&, const ShareInconsistent&) {}
void LeavesThePairOut(BlamedHubs& net, const ShareInconsistent& report) {
  net.LeaveOut(report.hub, report.initiator.text());
}
void LeavesTheLiarOut(BlamedHubs& net, const ShareInconsistent& report) {
  for (const std::string& initiator : {Alice().text(), std::string(kMallory)}) {
    net.LeaveOut(report.hub, initiator);
  }
}

// Whether two exchanges of mallory's cut alice off from bob.
bool CutsAliceOff(Reaction reaction) {
  BlamedHubs net;
  std::set<std::string> blamed;
  std::vector<ShareInconsistent> reports = net.Accuse({0, 1});
  for (const ShareInconsistent& report : net.Accuse({2, 3})) {
    reports.push_back(report);
  }
  for (const ShareInconsistent& report : reports) {
    blamed.insert(report.hub.text());
    reaction(net, report);
  }
  EXPECT_EQ(blamed.size(), 4u);  // all of them honest
  net.RestartBob();
  return !net.AliceGetsAKey();
}

TEST(BlameAttack, InitiatorCutsAnotherOffIfReportsNameALiar) {
  EXPECT_TRUE(CutsAliceOff(LeavesTheLiarOut));
}

TEST(BlameAttack, InitiatorCutsNobodyOffIfReportsNameThePair) {
  EXPECT_FALSE(CutsAliceOff(LeavesThePairOut));
}

TEST(BlameAttack, NodesLeaveNobodyOutByThemselves) {
  EXPECT_FALSE(CutsAliceOff(DoesNothing));
}

}  // namespace
}  // namespace skex
