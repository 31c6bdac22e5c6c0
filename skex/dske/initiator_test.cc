#include "skex/dske/initiator.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/messages.h"
#include "skex/dske/shared_secret.h"
#include "skex/dske/sharing.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr uint64_t kSeed = 41;
constexpr int kHubs = 5;

// Alice, who establishes keys with bob by 3 of 5 hubs, at least 4 of them.
class InitiatorTest : public testing::Test {
 protected:
  InitiatorTest() : entropy_(kSeed), policy_(FakePolicy(Bob(), 3, kHubs)) {
    RecordProperty("seed", static_cast<int>(kSeed));
    policy_.min_hubs = 4;
    for (const HubId& hub : policy_.hubs) {
      links_.push_back(std::make_unique<FakeLinks>(Alice(), hub,
                                                   SmallGeometry(), &entropy_));
    }
  }

  // New pads, the last of this source and the others physical.
  void UsePads(PadSource last) {
    for (int i = 0; i < kHubs; ++i) {
      links_[i] = std::make_unique<FakeLinks>(
          Alice(), policy_.hubs[i], SmallGeometry(), &entropy_,
          i == kHubs - 1 ? last : PadSource::kPhysical);
    }
  }

  absl::Status Start(uint16_t keys = 1) {
    std::vector<HubLink> hubs;
    for (int i = 0; i < kHubs; ++i) {
      hubs.push_back({policy_.hubs[i], &links_[i]->agent()});
    }
    absl::StatusOr<std::unique_ptr<InitiatorExchange>> started =
        InitiatorExchange::Start({Alice(), BootId({1}), &entropy_, keys},
                                 policy_, hubs, now_);
    if (!started.ok()) return started.status();
    exchange_ = *std::move(started);
    return absl::OkStatus();
  }

  // What the hub gets: the share in clear, and where it was sealed.
  struct Dealt {
    HubId hub;
    uint64_t offset = 0;
    std::string offer_bytes;
    Secret share;
    bool masked_is_zero = false;
  };
  std::vector<Dealt> Deals() {
    std::vector<Dealt> deals;
    for (int i = 0; i < kHubs; ++i) {
      for (const std::string& frame : links_[i]->TakeToHub()) {
        absl::StatusOr<std::optional<OpenedFrame>> opened =
            links_[i]->hub().Open(AsBytes(frame));
        EXPECT_TRUE(opened.ok()) << opened.status();
        EXPECT_EQ((*opened)->type, FrameType::kDeal);
        ShareMessage message = ShareMessage::Parse((*opened)->body).value();
        Secret share = Secret::CopyOf(message.masked);
        bool zero = true;
        for (size_t j = 0; j < share.size(); ++j) {
          zero = zero && message.masked[j] == 0;
          share.mutable_view()[j] ^= (*opened)->otp.view()[j];
        }
        deals.push_back({policy_.hubs[i], (*opened)->mac_offset,
                         message.offer_bytes, std::move(share), zero});
      }
    }
    return deals;
  }

  // The secret that three of the deals give.
  Secret SecretOf(const std::vector<Dealt>& deals,
                  const std::vector<size_t>& chosen) const {
    const Offer& offer = exchange_->offer();
    std::vector<Gf128> xs;
    for (const HubId& hub : offer.hubs) xs.push_back(ShareX(hub));
    std::vector<absl::Span<const uint8_t>> shares;
    for (size_t i : chosen) shares.push_back(deals[i].share.view());
    Secret secret = Secret::OfSize(LayoutOf(offer).total_size());
    EXPECT_TRUE(Sharing::Create(offer.threshold, xs)
                    .value()
                    .Reconstruct(chosen, shares, Gf128(), secret.mutable_view())
                    .ok());
    return secret;
  }

  // Bob's confirmation through the hub of `deal`.
  static ConfirmMessage Answer(const Offer& offer, const Secret& secret,
                               const Dealt& deal,
                               const Confirmation& confirmation) {
    return {offer.exchange, deal.offset,
            confirmation.Seal(ConfirmationKey(offer, secret.view()))};
  }
  Confirmation Agreed() const {
    return {.exchange = exchange_->offer().exchange,
            .initiator = Alice(),
            .responder = Bob(),
            .responder_boot = BootId({2}),
            .source = PadSource::kGenerator,
            .key_count = exchange_->offer().key_count(),
            .inconsistent = {}};
  }
  StatusCode ConfirmCode(const HubId& hub, const ConfirmMessage& message) {
    return exchange_->OnConfirm(hub, message).status().code();
  }

  uint64_t GrantedInAll() {
    uint64_t sum = 0;
    for (const auto& links : links_) {
      sum += links->agent_pad().Granted(Stream::kOtp);
    }
    return sum;
  }

  Instant now_ = TestStart();
  SeededEntropy entropy_;
  PeerPolicy policy_;
  std::vector<std::unique_ptr<FakeLinks>> links_;
  std::unique_ptr<InitiatorExchange> exchange_;
};

TEST_F(InitiatorTest, TheOfferNamesTheWorstSource) {
  for (PadSource worst :
       {PadSource::kPhysical, PadSource::kGenerator, PadSource::kStretch}) {
    UsePads(worst);
    ASSERT_TRUE(Start().ok());
    EXPECT_EQ(exchange_->offer().source, worst);
  }
}

TEST_F(InitiatorTest, EveryHubGetsTheSameOfferAndItsShare) {
  ASSERT_TRUE(Start(2).ok());
  const std::vector<Dealt> deals = Deals();
  ASSERT_EQ(deals.size(), 5u);
  const std::string secret(AsText(SecretOf(deals, {0, 1, 2}).view()));
  for (size_t i = 0; i < deals.size(); ++i) {
    EXPECT_EQ(deals[i].hub, policy_.hubs[i]);
    EXPECT_EQ(deals[i].offer_bytes, deals[0].offer_bytes);
    // The first hubs' shares are the pad strings themselves.
    EXPECT_EQ(deals[i].masked_is_zero, i < 3);
  }
  for (const std::vector<size_t>& chosen :
       {std::vector<size_t>{0, 3, 4}, std::vector<size_t>{1, 2, 4}}) {
    EXPECT_EQ(AsText(SecretOf(deals, chosen).view()), secret);
  }
  EXPECT_TRUE(KeyTagsVerify(exchange_->offer(), AsBytes(secret)));
}

TEST_F(InitiatorTest, OfferIsOneThatTheResponderAdmits) {
  ASSERT_TRUE(Start(2).ok());
  const Offer& offer = exchange_->offer();
  EXPECT_EQ(offer.initiator_boot, BootId({1}));
  EXPECT_EQ(offer.expiry, now_.wall + absl::Seconds(4));
  EXPECT_TRUE(
      offer.CheckAgainst(FakePolicy(Alice(), 3, 5), Bob(), now_.wall).ok());
}

TEST_F(InitiatorTest, KeyOfOneConnectionIsOfferedForOneUse) {
  policy_.freshness = Freshness::kExchange;
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(exchange_->offer().use_limit, 1u);
}

TEST_F(InitiatorTest, LongestTimeOutStaysWithinTheAcceptedExpiry) {
  policy_.exchange_timeout = absl::Hours(1);
  now_.wall += absl::Milliseconds(999);
  ASSERT_TRUE(Start().ok());
  EXPECT_TRUE(exchange_->offer()
                  .CheckAgainst(FakePolicy(Alice(), 3, 5), Bob(), now_.wall)
                  .ok());
}

TEST_F(InitiatorTest, HubThatIsAwayIsLeftOut) {
  links_[1]->Disconnect();
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Deals().size(), 4u);
  EXPECT_EQ(exchange_->offer().hubs.size(), 4u);
  EXPECT_EQ(exchange_->offer().threshold, 3);
}

TEST_F(InitiatorTest, NoPadIsTakenWhenTooFewHubsAreThere) {
  links_[0]->Disconnect();
  links_[2]->Disconnect();
  const uint64_t before = GrantedInAll();
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "3 of 5 hubs can take part, 4 are needed: " +
                                  policy_.hubs[0].text() + " not connected; " +
                                  policy_.hubs[2].text() + " not connected");
  EXPECT_EQ(GrantedInAll(), before);
  EXPECT_TRUE(Deals().empty());
}

TEST_F(InitiatorTest, NoPadIsTakenWhileGrantsAreMissing) {
  for (int i : {0, 1}) {
    Pad& pad = links_[i]->agent_pad();
    ASSERT_TRUE(pad.Take(Stream::kOtp, pad.Granted(Stream::kOtp) - 16).ok());
  }
  const uint64_t before = GrantedInAll();
  const absl::Status status = Start();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("waiting for pad grants"), std::string::npos);
  EXPECT_EQ(GrantedInAll(), before);
  EXPECT_TRUE(Deals().empty());  // the requests for grants were answered
  EXPECT_TRUE(Start().ok());
}

// --- The confirmation ---

TEST_F(InitiatorTest, ConfirmationGivesTheKeys) {
  ASSERT_TRUE(Start(2).ok());
  const std::vector<Dealt> deals = Deals();
  const Secret secret = SecretOf(deals, {0, 1, 2});
  Confirmation agreed = Agreed();
  agreed.inconsistent = {deals[4].hub};
  const ConfirmMessage answer =
      Answer(exchange_->offer(), secret, deals[3], agreed);
  absl::StatusOr<ConfirmedKeys> confirmed =
      exchange_->OnConfirm(deals[3].hub, answer);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  ASSERT_EQ(confirmed->keys.size(), 2u);
  const std::vector<Key> dealt = ExtractKeys(
      exchange_->offer(), secret.view(), BootId({2}), PadSource::kGenerator);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(confirmed->keys[i].id, dealt[i].id);
    EXPECT_EQ(confirmed->keys[i].terms->responder_boot, BootId({2}));
    EXPECT_TRUE(EqualInConstantTime(confirmed->keys[i].bytes.view(),
                                    dealt[i].bytes.view()));
  }
  EXPECT_EQ(confirmed->inconsistent, agreed.inconsistent);
}

TEST_F(InitiatorTest, KeysComeOnce) {
  ASSERT_TRUE(Start().ok());
  const std::vector<Dealt> deals = Deals();
  const Secret secret = SecretOf(deals, {0, 1, 2});
  for (size_t i : {0, 0, 1}) {
    const StatusCode code = ConfirmCode(
        deals[i].hub, Answer(exchange_->offer(), secret, deals[i], Agreed()));
    EXPECT_TRUE(code == StatusCode::kOk || code == StatusCode::kAlreadyExists);
  }
  EXPECT_EQ(ConfirmCode(deals[2].hub,
                        Answer(exchange_->offer(), secret, deals[2], Agreed())),
            StatusCode::kAlreadyExists);
}

TEST_F(InitiatorTest, ConfirmationForNoDealOfOursIsRefused) {
  ASSERT_TRUE(Start().ok());
  const std::vector<Dealt> deals = Deals();
  const Secret secret = SecretOf(deals, {0, 1, 2});
  const ConfirmMessage good =
      Answer(exchange_->offer(), secret, deals[0], Agreed());
  ConfirmMessage bad = good;
  bad.deal_offset += kMacSlotSize;
  EXPECT_EQ(ConfirmCode(deals[0].hub, bad), StatusCode::kFailedPrecondition);
  bad = good;
  bad.exchange.mutable_bytes()[0] ^= 1;
  EXPECT_EQ(ConfirmCode(deals[0].hub, bad), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ConfirmCode(NumberedHub(77), good),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(ConfirmCode(deals[0].hub, good), StatusCode::kOk);
}

TEST_F(InitiatorTest, EachHubHasOneTry) {
  ASSERT_TRUE(Start().ok());
  const std::vector<Dealt> deals = Deals();
  const Secret secret = SecretOf(deals, {0, 1, 2});
  ConfirmMessage forged =
      Answer(exchange_->offer(), secret, deals[0], Agreed());
  const std::string good = forged.confirmation;
  forged.confirmation.back() ^= 1;
  EXPECT_EQ(ConfirmCode(deals[0].hub, forged), StatusCode::kDataLoss);
  forged.confirmation = good;
  EXPECT_EQ(ConfirmCode(deals[0].hub, forged), StatusCode::kAlreadyExists);
  // The other hubs' are as good as before.
  EXPECT_EQ(ConfirmCode(deals[1].hub,
                        Answer(exchange_->offer(), secret, deals[1], Agreed())),
            StatusCode::kOk);
}

TEST_F(InitiatorTest, AuthenticConfirmationOfSomethingElseIsRefused) {
  ASSERT_TRUE(Start().ok());
  const std::vector<Dealt> deals = Deals();
  const Secret secret = SecretOf(deals, {0, 1, 2});
  std::vector<Confirmation> others(4, Agreed());
  others[0].exchange = ExchangeId();
  others[1].initiator = Carol();
  others[2].responder = Carol();
  others[3].key_count = 2;
  for (size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(ConfirmCode(deals[i].hub, Answer(exchange_->offer(), secret,
                                               deals[i], others[i])),
              StatusCode::kInvalidArgument)
        << i;
  }
}

// --- Failures ---

TEST_F(InitiatorTest, ExchangeFailsWhenFewerThanTheThresholdAreLeft) {
  ASSERT_TRUE(Start().ok());
  const std::vector<Dealt> deals = Deals();
  const auto notice = [&](size_t i) {
    return exchange_->OnNotice(deals[i].hub,
                               {exchange_->offer().exchange, deals[i].offset,
                                NoticeCode::kResponderAway});
  };
  EXPECT_TRUE(notice(0).ok());
  EXPECT_TRUE(notice(1).ok());
  EXPECT_TRUE(notice(1).ok());  // the same hub once more
  const absl::Status status = notice(2);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("3 of 5 hubs refused: "), std::string::npos)
      << status;
  EXPECT_NE(status.message().find(deals[1].hub.text() +
                                  ": responder is not connected"),
            std::string::npos)
      << status;
}

TEST_F(InitiatorTest, NoticeThatAnswersNoDealOfOursIsIgnored) {
  ASSERT_TRUE(Start().ok());
  const ExchangeId ours = exchange_->offer().exchange;
  for (const Dealt& deal : Deals()) {
    EXPECT_TRUE(exchange_
                    ->OnNotice(deal.hub,
                               {ours, deal.offset + 1, NoticeCode::kOverloaded})
                    .ok());
    EXPECT_TRUE(exchange_
                    ->OnNotice(deal.hub, {ExchangeId(), deal.offset,
                                          NoticeCode::kOverloaded})
                    .ok());
    EXPECT_TRUE(exchange_
                    ->OnNotice(NumberedHub(77),
                               {ours, deal.offset, NoticeCode::kOverloaded})
                    .ok());
  }
}

TEST_F(InitiatorTest, TimeOutSaysWhatIsKnown) {
  ASSERT_TRUE(Start().ok());
  const std::vector<Dealt> deals = Deals();
  EXPECT_EQ(exchange_->started(), now_.mono);
  EXPECT_EQ(exchange_->deadline(), now_.mono + absl::Seconds(3));
  ASSERT_TRUE(
      exchange_
          ->OnNotice(deals[0].hub, {exchange_->offer().exchange,
                                    deals[0].offset, NoticeCode::kOverloaded})
          .ok());
  now_.mono = exchange_->deadline() - absl::Milliseconds(1);
  EXPECT_TRUE(exchange_->OnTime(now_).ok());
  now_.mono = exchange_->deadline();
  const absl::Status status = exchange_->OnTime(now_);
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(
      status.message(),
      "bob@south.example did not confirm within 3s; 1 of 5 hubs refused: " +
          deals[0].hub.text() + ": hub is overloaded");
}

}  // namespace
}  // namespace skex
