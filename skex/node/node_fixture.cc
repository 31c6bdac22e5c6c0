#include "skex/node/node_fixture.h"

#include <vector>

#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/node/agent_node.h"
#include "skex/psk/key.h"

namespace skex {

NodeFixture::NodeFixture(const FakeNetwork::Options& options) : net_(options) {
  net_.AddPeers(3, 3);
}

void NodeFixture::StartAll() {
  for (int hub = 0; hub < 5; ++hub) net_.StartHub(hub);
  net_.StartAgent(kAlice);
  net_.StartAgent(kBob);
  net_.Settle();
}

void NodeFixture::Want(size_t keys) {
  ASSERT_TRUE(net_.agent(kAlice)
                  .SetWanted(*AgentId::Parse(kBob), keys, net_.now())
                  .ok());
  net_.Settle();
}

void NodeFixture::ExpectAgreement(size_t count) {
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

absl::Status NodeFixture::LastFailure() {
  return net_.agent(kAlice).LastFailure(*AgentId::Parse(kBob));
}

}  // namespace skex
