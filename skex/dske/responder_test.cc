#include "skex/dske/responder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/messages.h"
#include "skex/dske/shared_secret.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr uint64_t kSeed = 21;
constexpr size_t kMostCollecting = 4;

// Bob, who takes keys of alice by 3 of 5 hubs.
class ResponderTest : public testing::Test {
 protected:
  ResponderTest()
      : entropy_(kSeed),
        bob_({Bob(), BootId({2}), &entropy_, kMostCollecting}) {
    RecordProperty("seed", static_cast<int>(kSeed));
    bob_.AddPeer(policy_);
  }

  FakeDealing Deal(uint64_t number = 1) const {
    Offer offer = FakeOffer(policy_, 2);
    offer.exchange.mutable_bytes()[15] = static_cast<uint8_t>(number);
    offer.exchange.mutable_bytes()[14] = static_cast<uint8_t>(number >> 8);
    return FakeDealing(offer, number);
  }

  // The share of hub number `hub` of the offer comes from that hub.
  absl::StatusOr<RelayOutcome> Send(FakeDealing& dealing, size_t hub) {
    return SendFrom(dealing.offer.hubs[hub], dealing, hub);
  }
  absl::StatusOr<RelayOutcome> SendFrom(const HubId& from, FakeDealing& dealing,
                                        size_t hub) {
    const Secret otp = dealing.MakeOtp();
    const std::string body = dealing.Body(hub, otp);
    return bob_.OnShare(from, AsBytes(body), otp, source_, now_);
  }
  // A share that leads to nothing yet.
  void SendMore(FakeDealing& dealing, size_t hub) {
    absl::StatusOr<RelayOutcome> outcome = Send(dealing, hub);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_TRUE(outcome->keys.empty());
    EXPECT_FALSE(outcome->receipt.has_value());
  }
  // The share that completes the exchange.
  RelayOutcome SendLast(FakeDealing& dealing, size_t hub) {
    absl::StatusOr<RelayOutcome> outcome = Send(dealing, hub);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    if (!outcome.ok()) return {};
    ExpectKeys(dealing, *outcome);
    return *std::move(outcome);
  }
  StatusCode SendCode(FakeDealing& dealing, size_t hub) {
    return Send(dealing, hub).status().code();
  }

  void ExpectKeys(const FakeDealing& dealing, const RelayOutcome& outcome) {
    const std::vector<Key> dealt =
        ExtractKeys(dealing.offer, dealing.secret.view(), BootId({2}), source_);
    ASSERT_EQ(outcome.keys.size(), dealt.size());
    for (size_t i = 0; i < dealt.size(); ++i) {
      EXPECT_EQ(outcome.keys[i].id, dealt[i].id);
      EXPECT_EQ(outcome.keys[i].terms->label, dealt[i].terms->label);
      EXPECT_EQ(outcome.keys[i].terms->responder_boot,
                dealt[i].terms->responder_boot);
      EXPECT_TRUE(EqualInConstantTime(outcome.keys[i].bytes.view(),
                                      dealt[i].bytes.view()));
    }
    EXPECT_TRUE(outcome.receipt_for_all);
    EXPECT_EQ(outcome.hubs, dealing.offer.hubs);
  }

  // What the receipt's confirmation says; it must verify.
  Confirmation Opened(const FakeDealing& dealing, const RelayOutcome& outcome) {
    return Confirmation::Open(
               ConfirmationKey(dealing.offer, dealing.secret.view()),
               outcome.receipt.value().confirmation)
        .value();
  }

  void Pass(absl::Duration time) {
    now_.mono += time;
    now_.wall += time;
    bob_.OnTime(now_);
  }

  const PeerPolicy policy_ = FakePolicy(Alice(), 3, 5);
  PadSource source_ = PadSource::kGenerator;
  Instant now_ = TestStart();
  SeededEntropy entropy_;
  Responder bob_;
};

TEST_F(ResponderTest, RemovedPeerIsAStranger) {
  bob_.AddPeer(FakePolicy(Carol(), 3, 5));
  FakeDealing collecting = Deal(1);
  SendMore(collecting, 0);
  FakeDealing settled = Deal(2);
  for (size_t hub : {0, 1}) SendMore(settled, hub);
  SendLast(settled, 2);
  bob_.RemovePeer(Alice());
  EXPECT_EQ(bob_.collecting(), 0u);
  EXPECT_EQ(SendCode(collecting, 1), StatusCode::kNotFound);
  EXPECT_EQ(SendCode(settled, 3), StatusCode::kNotFound);
  bob_.AddPeer(policy_);
  FakeDealing fresh = Deal(3);
  for (size_t hub : {0, 1}) SendMore(fresh, hub);
  SendLast(fresh, 2);
  Pass(absl::Hours(1));  // what was forgotten is not forgotten twice
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, AnyThresholdOfHubsGivesTheKeys) {
  uint64_t number = 1;
  std::vector<size_t> hubs = {0, 1, 2, 3, 4};
  do {
    FakeDealing dealing = Deal(number++);
    SendMore(dealing, hubs[0]);
    SendMore(dealing, hubs[1]);
    EXPECT_TRUE(SendLast(dealing, hubs[2]).inconsistent.empty());
  } while (std::next_permutation(hubs.begin(), hubs.end()));
}

TEST_F(ResponderTest, ThresholdOfOneGivesTheKeysAtOnce) {
  bob_.AddPeer(FakePolicy(Alice(), 1, 2));
  FakeDealing dealing(FakeOffer(FakePolicy(Alice(), 1, 2), 1), 1);
  SendLast(dealing, 1);
}

TEST_F(ResponderTest, ConfirmationNamesWhatBobAgreedTo) {
  source_ = PadSource::kPhysical;
  FakeDealing dealing = Deal();
  SendMore(dealing, 0);
  SendMore(dealing, 1);
  const RelayOutcome outcome = SendLast(dealing, 2);
  EXPECT_EQ(outcome.receipt->initiator, Alice());
  EXPECT_EQ(outcome.receipt->exchange, dealing.offer.exchange);
  const Confirmation confirmation = Opened(dealing, outcome);
  EXPECT_EQ(confirmation.exchange, dealing.offer.exchange);
  EXPECT_EQ(confirmation.initiator, Alice());
  EXPECT_EQ(confirmation.responder, Bob());
  EXPECT_EQ(confirmation.responder_boot, BootId({2}));
  EXPECT_EQ(confirmation.source, PadSource::kPhysical);
  EXPECT_EQ(confirmation.key_count, 2);
  EXPECT_TRUE(confirmation.inconsistent.empty());
}

// --- Refused, with nothing changed ---

TEST_F(ResponderTest, StrangersAreNotFound) {
  FakeDealing dealing = Deal();
  dealing.offer.initiator = Carol();
  EXPECT_EQ(SendCode(dealing, 0), StatusCode::kNotFound);
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, OfferAgainstThePolicyIsRefused) {
  FakeDealing dealing = Deal();
  dealing.offer.threshold = 1;
  EXPECT_EQ(SendCode(dealing, 0), StatusCode::kInvalidArgument);
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, ExpiredOfferIsRefused) {
  FakeDealing dealing = Deal();
  Pass(absl::Seconds(4) + kClockSkew + absl::Seconds(1));
  EXPECT_EQ(SendCode(dealing, 0), StatusCode::kInvalidArgument);
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, MalformedBodyIsRefused) {
  FakeDealing dealing = Deal();
  const Secret otp = dealing.MakeOtp();
  const std::string body = dealing.Body(0, otp) + "x";
  EXPECT_EQ(
      bob_.OnShare(dealing.offer.hubs[0], AsBytes(body), otp, source_, now_)
          .status()
          .code(),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, PadOfAnotherSizeIsRefused) {
  FakeDealing dealing = Deal();
  const std::string body = dealing.Body(0, dealing.MakeOtp());
  for (size_t size : {0, 16, 1024}) {
    EXPECT_EQ(bob_.OnShare(dealing.offer.hubs[0], AsBytes(body),
                           Secret::OfSize(size), source_, now_)
                  .status()
                  .code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, HubThatTheOfferLeavesOutIsRefused) {
  Offer offer = FakeOffer(policy_, 1);
  const HubId left_out = offer.hubs.back();
  offer.hubs.pop_back();
  FakeDealing dealing(offer, 1);
  EXPECT_EQ(SendFrom(left_out, dealing, 0).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, SecondShareOfAHubIsRefused) {
  FakeDealing dealing = Deal();
  SendMore(dealing, 0);
  EXPECT_EQ(SendCode(dealing, 0), StatusCode::kAlreadyExists);
  // Nor does one hub reach the threshold with the shares of others.
  for (size_t hub : {1, 2, 3}) {
    EXPECT_EQ(SendFrom(dealing.offer.hubs[0], dealing, hub).status().code(),
              StatusCode::kAlreadyExists);
  }
  SendMore(dealing, 1);
  SendLast(dealing, 2);
  EXPECT_EQ(SendCode(dealing, 1), StatusCode::kAlreadyExists);
}

// --- Stragglers ---

TEST_F(ResponderTest, StragglersGetTheSameReceipt) {
  FakeDealing dealing = Deal();
  SendMore(dealing, 0);
  SendMore(dealing, 1);
  const RelayOutcome settled = SendLast(dealing, 2);
  for (size_t hub : {3, 4}) {
    absl::StatusOr<RelayOutcome> late = Send(dealing, hub);
    ASSERT_TRUE(late.ok()) << late.status();
    EXPECT_TRUE(late->keys.empty());
    EXPECT_FALSE(late->receipt_for_all);
    EXPECT_TRUE(late->inconsistent.empty());
    EXPECT_EQ(late->receipt.value().Encode(), settled.receipt->Encode());
    EXPECT_EQ(SendCode(dealing, hub), StatusCode::kAlreadyExists);
  }
}

TEST_F(ResponderTest, LyingStragglerIsNamed) {
  for (size_t byte : {size_t{0}, size_t{80}, size_t{191}}) {
    FakeDealing dealing = Deal(byte + 1);
    for (size_t hub : {0, 1}) SendMore(dealing, hub);
    SendLast(dealing, 2);
    dealing.shares[3].mutable_view()[byte] ^= 1;
    absl::StatusOr<RelayOutcome> late = Send(dealing, 3);
    ASSERT_TRUE(late.ok()) << late.status();
    EXPECT_EQ(late->inconsistent, std::vector<HubId>{dealing.offer.hubs[3]});
    EXPECT_TRUE(late->keys.empty());
  }
}

TEST_F(ResponderTest, StragglerOutsideTheAgreedHubSetIsNamed) {
  Offer offer = FakeOffer(policy_, 1);
  offer.hubs.pop_back();
  FakeDealing four(offer, 1);
  for (size_t hub : {0, 1}) SendMore(four, hub);
  SendLast(four, 2);
  FakeDealing five(FakeOffer(policy_, 1), 2);
  absl::StatusOr<RelayOutcome> late = Send(five, 4);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->inconsistent, std::vector<HubId>{five.offer.hubs[4]});
  EXPECT_TRUE(late->keys.empty());
}

// --- Limits and time ---

TEST_F(ResponderTest, OldestCollectingExchangeIsGivenUp) {
  std::vector<FakeDealing> dealings;
  for (uint64_t i = 1; i <= kMostCollecting + 1; ++i) {
    dealings.push_back(Deal(i));
    SendMore(dealings.back(), 0);
    SendMore(dealings.back(), 1);
    EXPECT_EQ(bob_.collecting(), std::min<size_t>(i, kMostCollecting));
  }
  SendLast(dealings[1], 2);
  SendLast(dealings.back(), 2);
  SendMore(dealings[0], 2);  // begins anew
}

TEST_F(ResponderTest, SettledExchangesAreNotGivenUp) {
  FakeDealing settled = Deal(100);
  for (size_t hub : {0, 1}) SendMore(settled, hub);
  SendLast(settled, 2);
  EXPECT_EQ(bob_.collecting(), 0u);
  for (uint64_t i = 1; i <= 2 * kMostCollecting; ++i) {
    FakeDealing dealing = Deal(i);
    SendMore(dealing, 0);
  }
  EXPECT_EQ(bob_.collecting(), kMostCollecting);
  absl::StatusOr<RelayOutcome> late = Send(settled, 3);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_TRUE(late->receipt.has_value());
}

TEST_F(ResponderTest, InitiatorsHaveTheirOwnLimits) {
  bob_.AddPeer(FakePolicy(Carol(), 3, 5));
  FakeDealing of_carol = Deal(100);
  of_carol.offer.initiator = Carol();
  of_carol.offer.tags = ComputeKeyTags(of_carol.offer, of_carol.secret.view());
  for (size_t hub : {0, 1}) SendMore(of_carol, hub);
  for (uint64_t i = 1; i <= 2 * kMostCollecting; ++i) {
    FakeDealing dealing = Deal(i);
    SendMore(dealing, 0);
  }
  EXPECT_EQ(bob_.collecting(), kMostCollecting + 1);
  SendLast(of_carol, 2);
}

TEST_F(ResponderTest, CollectingExchangesAreForgottenInTime) {
  FakeDealing dealing = Deal();
  SendMore(dealing, 0);
  Pass(kMostExpiry + 2 * kClockSkew);
  EXPECT_EQ(bob_.collecting(), 1u);
  Pass(absl::Seconds(1));
  EXPECT_EQ(bob_.collecting(), 0u);
}

TEST_F(ResponderTest, SettledExchangeIsKnownWhileItsOfferIsAccepted) {
  FakeDealing dealing = Deal();
  dealing.offer.expiry = now_.wall + kMostExpiry + kClockSkew;
  dealing.offer.tags = ComputeKeyTags(dealing.offer, dealing.secret.view());
  for (size_t hub : {0, 1}) SendMore(dealing, hub);
  SendLast(dealing, 2);
  Pass(kMostExpiry + 2 * kClockSkew);
  EXPECT_EQ(SendCode(dealing, 0), StatusCode::kAlreadyExists);
  Pass(absl::Seconds(1));
  EXPECT_EQ(SendCode(dealing, 0), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace skex
