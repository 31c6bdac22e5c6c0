#ifndef SKEX_DSKE_FAKE_DEALING_H_
#define SKEX_DSKE_FAKE_DEALING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/offer.h"
#include "skex/dske/policy.h"

namespace skex {

// The agents and hubs of tests: alice initiates, bob responds, carol is
// somebody else.
AgentId Alice();
AgentId Bob();
AgentId Carol();
HubId NumberedHub(int number);

// When tests begin, on both clocks.
Instant TestStart();

// `peer` by `threshold` of `hubs` numbered hubs; min_hubs is the threshold.
PeerPolicy FakePolicy(const AgentId& peer, uint8_t threshold, int hubs);

// An offer of alice to bob that his FakePolicy(Alice(), ...) admits, with all
// hubs of `policy` and tags of zeros.
Offer FakeOffer(const PeerPolicy& policy, uint16_t key_count);

// FakeDealing deals the keys of an offer from a seed instead of from pads. The
// shares may be bent before they are masked.
class FakeDealing {
 public:
  // The tags of `offer` are replaced by those of the secret dealt.
  FakeDealing(Offer offer, uint64_t seed);

  // The body in which the share of hub number `hub` of the offer travels.
  std::string Body(size_t hub, const Secret& otp) const;
  // Pad bytes for one share, other ones each time.
  Secret MakeOtp();

  Offer offer;
  Secret secret;
  std::vector<Secret> shares;  // in the order of the offer's hubs

 private:
  SeededEntropy entropy_;
};

}  // namespace skex

#endif  // SKEX_DSKE_FAKE_DEALING_H_
