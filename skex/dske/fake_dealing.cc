#include "skex/dske/fake_dealing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/dske/shared_secret.h"
#include "skex/dske/sharing.h"

namespace skex {

AgentId Alice() { return *AgentId::Parse("alice@north.example"); }
AgentId Bob() { return *AgentId::Parse("bob@south.example"); }
AgentId Carol() { return *AgentId::Parse("carol@west.example"); }

HubId NumberedHub(int number) {
  return *HubId::Parse(absl::StrCat("hub", number, "@op", number, ".example"));
}

Instant TestStart() {
  return {absl::FromUnixSeconds(1'800'000'000), absl::Seconds(1000)};
}

PeerPolicy FakePolicy(const AgentId& peer, uint8_t threshold, int hubs) {
  PeerPolicy policy = {.peer = peer};
  for (int hub = 0; hub < hubs; ++hub) {
    policy.hubs.push_back(NumberedHub(hub));
  }
  policy.SortHubs();
  policy.threshold = policy.min_hubs = threshold;
  return policy;
}

Offer FakeOffer(const PeerPolicy& policy, uint16_t key_count) {
  Offer offer = {.exchange = ExchangeId({1, 2, 3}),
                 .initiator_boot = BootId({4, 5, 6}),
                 .initiator = Alice(),
                 .responder = Bob(),
                 .threshold = policy.threshold,
                 .hubs = policy.hubs};
  offer.expiry = TestStart().wall + absl::Seconds(4);
  offer.freshness = policy.freshness;
  offer.key_bytes = policy.key_bytes;
  offer.lifetime_seconds = 3600;
  offer.use_limit = policy.use_limit;
  offer.tags.resize(key_count);
  return offer;
}

FakeDealing::FakeDealing(Offer the_offer, uint64_t seed)
    : offer(std::move(the_offer)), entropy_(seed) {
  const size_t size = LayoutOf(offer).total_size();
  secret = Secret::OfSize(size);
  std::vector<Gf128> xs;
  std::vector<absl::Span<const uint8_t>> given;
  std::vector<absl::Span<uint8_t>> others;
  for (const HubId& hub : offer.hubs) {
    xs.push_back(ShareX(hub));
    shares.push_back(Secret::OfSize(size));
    if (given.size() < offer.threshold) {
      entropy_.Fill(shares.back().mutable_view());
      given.push_back(shares.back().view());
    } else {
      others.push_back(shares.back().mutable_view());
    }
  }
  Sharing::Create(offer.threshold, xs)
      .value()
      .Deal(given, others, secret.mutable_view())
      .IgnoreError();  // cannot fail: sizes are as the scheme wants them
  offer.tags = ComputeKeyTags(offer, secret.view());
}

std::string FakeDealing::Body(size_t hub, const Secret& otp) const {
  ByteWriter writer;
  offer.Encode(writer);
  std::string body = std::move(writer).Take();
  for (size_t i = 0; i < shares[hub].size(); ++i) {
    body.push_back(static_cast<char>(shares[hub].view()[i] ^ otp.view()[i]));
  }
  return body;
}

Secret FakeDealing::MakeOtp() {
  Secret otp = Secret::OfSize(LayoutOf(offer).total_size());
  entropy_.Fill(otp.mutable_view());
  return otp;
}

}  // namespace skex
