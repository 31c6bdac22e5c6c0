#ifndef SKEX_NODE_NODE_FIXTURE_H_
#define SKEX_NODE_NODE_FIXTURE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "skex/node/fake_network.h"

namespace skex {

// Five hubs, alice and bob, who want keys with 3 of 5. Nothing runs yet: tests
// change policies and pads, then call StartAll().
class NodeFixture : public testing::Test {
 protected:
  NodeFixture() : NodeFixture(FakeNetwork::Options()) {}
  explicit NodeFixture(const FakeNetwork::Options& options);

  void StartAll();

  // Alice wants keys to dial bob with.
  void Want(size_t keys);

  // Both sides have the same `count` keys.
  void ExpectAgreement(size_t count);

  // Of alice's exchanges with bob.
  absl::Status LastFailure();

  FakeNetwork net_;
};

}  // namespace skex

#endif  // SKEX_NODE_NODE_FIXTURE_H_
