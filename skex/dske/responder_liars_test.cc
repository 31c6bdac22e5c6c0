// Hubs that lie to the responder: each way in which what they send can differ
// from what the initiator dealt.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/messages.h"
#include "skex/dske/responder.h"
#include "skex/dske/shared_secret.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr uint64_t kSeed = 22;

using Lie = std::function<void(FakeDealing&, size_t hub)>;

// What a lying hub may do with its share and the offer, in ways that bob's
// policy does not refuse.
struct NamedLie {
  std::string name;
  Lie lie;
};

std::vector<NamedLie> Lies() {
  return {
      {"c",
       [](FakeDealing& d, size_t i) { d.shares[i].mutable_view()[0] ^= 1; }},
      {"d",
       [](FakeDealing& d, size_t i) { d.shares[i].mutable_view()[16] ^= 1; }},
      {"e",
       [](FakeDealing& d, size_t i) { d.shares[i].mutable_view()[32] ^= 1; }},
      {"key",
       [](FakeDealing& d, size_t i) { d.shares[i].mutable_view()[48] ^= 1; }},
      {"f",
       [](FakeDealing& d, size_t i) { d.shares[i].mutable_view()[160] ^= 1; }},
      {"g",
       [](FakeDealing& d, size_t i) { d.shares[i].mutable_view()[176] ^= 1; }},
      {"tag", [](FakeDealing& d, size_t) { d.offer.tags[1][15] ^= 1; }},
      {"boot", [](FakeDealing& d,
                  size_t) { d.offer.initiator_boot.mutable_bytes()[0] ^= 1; }},
      {"expiry",
       [](FakeDealing& d, size_t) { d.offer.expiry += absl::Seconds(1); }},
      {"lifetime", [](FakeDealing& d, size_t) { --d.offer.lifetime_seconds; }},
      {"use limit", [](FakeDealing& d, size_t) { --d.offer.use_limit; }},
      {"source",
       [](FakeDealing& d, size_t) { d.offer.source = PadSource::kPhysical; }},
  };
}

// Bob, who takes keys of alice by 3 of 5 hubs; each test is one exchange.
class LyingHubsTest : public testing::Test {
 protected:
  LyingHubsTest() : entropy_(kSeed), bob_({Bob(), BootId({2}), &entropy_}) {
    RecordProperty("seed", static_cast<int>(kSeed));
    bob_.AddPeer(policy_);
  }

  FakeDealing Deal(uint8_t number = 1) const {
    Offer offer = FakeOffer(policy_, 2);
    offer.exchange.mutable_bytes()[15] = number;
    return FakeDealing(offer, number);
  }

  absl::StatusOr<RelayOutcome> Send(FakeDealing& dealing, size_t hub) {
    const Secret otp = dealing.MakeOtp();
    const std::string body = dealing.Body(hub, otp);
    return bob_.OnShare(policy_.hubs[hub], AsBytes(body), otp,
                        PadSource::kGenerator, TestStart());
  }
  absl::StatusOr<RelayOutcome> SendLie(uint8_t number, size_t hub,
                                       const Lie& lie) {
    FakeDealing dealing = Deal(number);
    lie(dealing, hub);
    return Send(dealing, hub);
  }

  void ExpectKeys(const absl::StatusOr<RelayOutcome>& outcome, uint8_t number) {
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const FakeDealing dealing = Deal(number);
    const std::vector<Key> dealt =
        ExtractKeys(dealing.offer, dealing.secret.view(), BootId({2}),
                    PadSource::kGenerator);
    ASSERT_EQ(outcome->keys.size(), dealt.size());
    for (size_t i = 0; i < dealt.size(); ++i) {
      EXPECT_TRUE(EqualInConstantTime(outcome->keys[i].bytes.view(),
                                      dealt[i].bytes.view()));
      EXPECT_EQ(outcome->keys[i].terms->policy_hash,
                dealt[i].terms->policy_hash);
    }
  }

  const PeerPolicy policy_ = FakePolicy(Alice(), 3, 5);
  SeededEntropy entropy_;
  Responder bob_;
};

TEST_F(LyingHubsTest, TwoOfFiveAreOutvotedAndNamed) {
  uint8_t number = 1;
  for (const auto& [name, lie] : Lies()) {
    SCOPED_TRACE(name);
    FakeDealing honest = Deal(number);
    for (size_t hub : {0, 1}) {
      ASSERT_TRUE(SendLie(number, hub, lie).ok());
    }
    for (size_t hub : {2, 3}) {
      absl::StatusOr<RelayOutcome> outcome = Send(honest, hub);
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_TRUE(outcome->keys.empty());
    }
    absl::StatusOr<RelayOutcome> outcome = Send(honest, 4);
    ExpectKeys(outcome, number);
    const std::vector<HubId> liars = {policy_.hubs[0], policy_.hubs[1]};
    EXPECT_EQ(outcome->inconsistent, liars);
    const auto confirmation =
        Confirmation::Open(ConfirmationKey(honest.offer, honest.secret.view()),
                           outcome->receipt.value().confirmation);
    ASSERT_TRUE(confirmation.ok()) << confirmation.status();
    EXPECT_EQ(confirmation->inconsistent, liars);
    ++number;
  }
}

TEST_F(LyingHubsTest, OneLiarBetweenTheHonestIsOutvoted) {
  uint8_t number = 1;
  for (const auto& [name, lie] : Lies()) {
    SCOPED_TRACE(name);
    FakeDealing honest = Deal(number);
    ASSERT_TRUE(Send(honest, 3).ok());
    ASSERT_TRUE(SendLie(number, 1, lie).ok());
    ASSERT_TRUE(Send(honest, 0).ok());
    absl::StatusOr<RelayOutcome> outcome = Send(honest, 4);
    ExpectKeys(outcome, number);
    EXPECT_EQ(outcome->inconsistent, std::vector<HubId>{policy_.hubs[1]});
    ++number;
  }
}

TEST_F(LyingHubsTest, ThreeOfFiveGiveNoKey) {
  uint8_t number = 1;
  for (const auto& [name, lie] : Lies()) {
    SCOPED_TRACE(name);
    FakeDealing honest = Deal(number);
    for (size_t hub : {0, 1, 2}) {
      absl::StatusOr<RelayOutcome> outcome = SendLie(number, hub, lie);
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_TRUE(outcome->keys.empty());
    }
    ASSERT_TRUE(Send(honest, 3).ok());
    EXPECT_EQ(Send(honest, 4).status().code(), StatusCode::kFailedPrecondition);
    ++number;
  }
}

TEST_F(LyingHubsTest, ThresholdOfLiarsCannotChangeWhatIsTagged) {
  uint8_t number = 1;
  for (const auto& [name, lie] : Lies()) {
    SCOPED_TRACE(name);
    for (size_t hub : {0, 1, 2, 3}) {
      absl::StatusOr<RelayOutcome> outcome = SendLie(number, hub, lie);
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_TRUE(outcome->keys.empty());
    }
    EXPECT_EQ(SendLie(number, 4, lie).status().code(),
              StatusCode::kFailedPrecondition);
    ++number;
  }
}

TEST_F(LyingHubsTest, SharesThatAreSplitOverOffersAreSaidToFail) {
  FakeDealing honest = Deal();
  for (size_t hub : {0, 1}) ASSERT_TRUE(Send(honest, hub).ok());
  const auto later = [](FakeDealing& d, size_t) {
    d.offer.expiry += absl::Seconds(1);
  };
  for (size_t hub : {2, 3}) ASSERT_TRUE(SendLie(1, hub, later).ok());
  const auto fewer = [](FakeDealing& d, size_t) { --d.offer.use_limit; };
  EXPECT_EQ(SendLie(1, 4, fewer).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(LyingHubsTest, LieAgainstThePolicyIsRefusedAndCostsTheHubNothingElse) {
  const std::vector<Lie> lies = {
      [](FakeDealing& d, size_t) { d.offer.threshold = 1; },
      [](FakeDealing& d, size_t) { d.offer.threshold = 5; },
      [](FakeDealing& d, size_t) { d.offer.hubs[0] = NumberedHub(77); },
      [](FakeDealing& d, size_t i) {
        d.offer.hubs = std::vector<HubId>{d.offer.hubs[i]};
        d.offer.threshold = 1;
      },
      [](FakeDealing& d, size_t) {
        d.offer.hubs.erase(d.offer.hubs.begin() + 2, d.offer.hubs.end());
        d.offer.threshold = 2;
      },
      [](FakeDealing& d, size_t) { d.offer.responder = Carol(); },
      [](FakeDealing& d, size_t) { ++d.offer.use_limit; },
  };
  FakeDealing honest = Deal();
  for (const Lie& lie : lies) {
    EXPECT_EQ(SendLie(1, 0, lie).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(bob_.collecting(), 0u);
  for (size_t hub : {0, 1}) ASSERT_TRUE(Send(honest, hub).ok());
  ExpectKeys(Send(honest, 2), 1);
}

TEST_F(LyingHubsTest, SmallerHubSetOfALiarDoesNotCount) {
  FakeDealing honest = Deal();
  const auto fewer = [](FakeDealing& d, size_t) { d.offer.hubs.pop_back(); };
  ASSERT_TRUE(SendLie(1, 0, fewer).ok());
  for (size_t hub : {1, 2}) ASSERT_TRUE(Send(honest, hub).ok());
  absl::StatusOr<RelayOutcome> outcome = Send(honest, 3);
  ExpectKeys(outcome, 1);
  EXPECT_EQ(outcome->inconsistent, std::vector<HubId>{policy_.hubs[0]});
}

TEST_F(LyingHubsTest, FloodOfOneHubLeavesHonestExchangesAlone) {
  FakeDealing honest = Deal(200);
  for (size_t hub : {1, 2}) ASSERT_TRUE(Send(honest, hub).ok());
  for (int i = 0; i < 199; ++i) {
    FakeDealing invented = Deal(static_cast<uint8_t>(i));
    ASSERT_TRUE(Send(invented, 0).ok());
  }
  ExpectKeys(Send(honest, 3), 200);
}

}  // namespace
}  // namespace skex
