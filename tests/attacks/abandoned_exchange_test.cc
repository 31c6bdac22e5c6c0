// An exchange has failed at one hub and is made again. If the other hubs' pad
// bytes serve again, the two sets of polynomials differ only by what the one
// hub knows, and so it knows by what the two secrets differ: whoever learns a
// key of one has that of the other.

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/messages.h"
#include "skex/dske/sharing.h"
#include "skex/gf/gf128.h"
#include "skex/node/fake_network.h"
#include "skex/pad/mask.h"
#include "skex/wire/frame.h"

namespace skex {
namespace {

constexpr uint8_t kThreshold = 3;
constexpr int kHubs = 5;
constexpr size_t kShareSize = 112;
// Its index in the order of x. What is at the first k hubs is pad alone.
constexpr size_t kCorrupt = 0;

Sharing Scheme() {
  std::vector<Gf128> xs;
  for (const HubId& hub : FakePolicy(Bob(), kThreshold, kHubs).hubs) {
    xs.push_back(ShareX(hub));
  }
  return Sharing::Create(kThreshold, xs).value();
}

// The shares of one exchange, in the order of the hubs.
using Shares = std::vector<Secret>;

// The shares of two exchanges, the second made because the first has failed.
using TwoAttempts = std::vector<Shares> (*)();

Secret Sum(const Secret& a, const Secret& b) {
  Secret sum = a.Clone();
  Mask(sum.mutable_view(), b.view());
  return sum;
}

// The secret of an exchange, by its first k hubs together.
Secret SecretOf(const Shares& shares) {
  Secret secret = Secret::OfSize(kShareSize);
  EXPECT_TRUE(
      Scheme()
          .Reconstruct({0, 1, 2},
                       {shares[0].view(), shares[1].view(), shares[2].view()},
                       Gf128(), secret.mutable_view())
          .ok());
  return secret;
}

// What the corrupt hub takes for the sum of the secrets, from its own shares:
// the value at 0 of the polynomials that have their difference at its own x and
// zero at k - 1 others.
Secret GuessedSum(const Secret& share, const Secret& next_share) {
  const Secret difference = Sum(share, next_share);
  const Secret zero = Secret::OfSize(kShareSize);
  Secret guess = Secret::OfSize(kShareSize);
  EXPECT_TRUE(Scheme()
                  .Reconstruct({kCorrupt, 1, 2},
                               {difference.view(), zero.view(), zero.view()},
                               Gf128(), guess.mutable_view())
                  .ok());
  return guess;
}

// Whether one hub of 3 of 5 gets the second secret from the first.
bool OneSecretGivesTheOther(TwoAttempts make) {
  const std::vector<Shares> attempts = make();
  EXPECT_EQ(attempts.size(), 2u);
  const Secret guess = GuessedSum(attempts[0][kCorrupt], attempts[1][kCorrupt]);
  return EqualInConstantTime(Sum(SecretOf(attempts[0]), guess).view(),
                             SecretOf(attempts[1]).view());
}

// Deals again with fresh pad for the hub at which it failed, and the healthy
// hubs' old one.
std::vector<Shares> DealAgain() {
  SeededEntropy entropy(9);
  std::vector<Shares> attempts;
  Shares pads;
  for (int hub = 0; hub < kHubs; ++hub) {
    pads.push_back(Secret::OfSize(kShareSize));
    entropy.Fill(pads.back().mutable_view());
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    Shares shares;
    for (const Secret& pad : pads) shares.push_back(pad.Clone());
    Secret secret = Secret::OfSize(kShareSize);
    EXPECT_TRUE(
        Scheme()
            .Deal({shares[0].view(), shares[1].view(), shares[2].view()},
                  {shares[3].mutable_view(), shares[4].mutable_view()},
                  secret.mutable_view())
            .ok());
    attempts.push_back(std::move(shares));
    entropy.Fill(pads[kCorrupt].mutable_view());
  }
  return attempts;
}

// An agent whose exchange has failed, with the hubs' views of what it deals.
std::vector<Shares> BeginAnew() {
  FakeNetwork net({.seed = 8, .hubs = kHubs});
  net.AddPeers(kThreshold, kThreshold);
  std::map<ExchangeId, std::map<HubId, Secret>> dealt;
  std::vector<ExchangeId> order;
  net.tamper = [&](const std::string& agent, int hub, bool to_hub,
                   std::string& bytes) {
    const Frame frame = ParseFrame(AsBytes(bytes)).value();
    if (frame.header.type != FrameType::kDeal) return true;
    const ShareMessage message = ShareMessage::Parse(frame.body).value();
    EXPECT_TRUE(to_hub && agent == Alice().text());
    const std::string& pad = net.pads(agent, hub).hub->data();
    Secret share = Secret::CopyOf(message.masked);
    Mask(share.mutable_view(),
         AsBytes(pad).subspan(frame.header.otp.from, share.size()));
    if (!dealt.contains(message.offer.exchange)) {
      order.push_back(message.offer.exchange);
    }
    dealt[message.offer.exchange][FakeNetwork::HubName(hub)] = std::move(share);
    return dealt.size() > 1;  // the first attempt is lost on the way
  };
  for (int hub = 0; hub < kHubs; ++hub) net.StartHub(hub);
  net.StartAgent(Alice().text());
  net.StartAgent(Bob().text());
  net.Settle();
  EXPECT_TRUE(net.agent(Alice().text()).SetWanted(Bob(), 1, net.now()).ok());
  net.Advance(absl::Seconds(4));
  EXPECT_EQ(net.TakeKeys(Alice().text()).size(), 1u);
  std::vector<Shares> attempts;
  for (const ExchangeId& exchange : order) {
    attempts.emplace_back();
    for (const HubId& hub : FakePolicy(Bob(), kThreshold, kHubs).hubs) {
      attempts.back().push_back(dealt[exchange].at(hub).Clone());
    }
  }
  return attempts;
}

TEST(AbandonedExchangeAttack, OneSecretGivesTheOtherIfOldPadServesAgain) {
  EXPECT_TRUE(OneSecretGivesTheOther(DealAgain));
}

TEST(AbandonedExchangeAttack, OneSecretGivesNothingIfAllPadIsNew) {
  EXPECT_FALSE(OneSecretGivesTheOther(BeginAnew));
}

}  // namespace
}  // namespace skex
