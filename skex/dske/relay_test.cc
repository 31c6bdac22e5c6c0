#include "skex/dske/relay.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/messages.h"

namespace skex {
namespace {

constexpr uint64_t kSeed = 31;
constexpr size_t kMostWaiting = 3;
constexpr absl::Duration kShareWait = absl::Seconds(30);

// Hub 0 with alice, bob and carol. Bob lets alice in.
class RelayTest : public testing::Test {
 protected:
  RelayTest() : entropy_(kSeed), relay_({NumberedHub(0), kMostWaiting}) {
    RecordProperty("seed", static_cast<int>(kSeed));
    for (const AgentId& agent : {Alice(), Bob(), Carol()}) {
      links_.emplace(agent,
                     std::make_unique<FakeLinks>(agent, NumberedHub(0),
                                                 SmallGeometry(), &entropy_));
    }
    Enrol(Alice(), {});
    Enrol(Bob(), {.allow = {Alice()}});
    Enrol(Carol(), {});
  }

  FakeLinks& links(const AgentId& agent) { return *links_.at(agent); }
  void Enrol(const AgentId& agent, const Relay::Enrolment& enrolment) {
    relay_.SetAgent(agent, &links(agent).hub(), enrolment);
  }

  FakeDealing Deal(uint8_t number, uint16_t keys = 1) const {
    Offer offer = FakeOffer(FakePolicy(Bob(), 2, 3), keys);
    offer.exchange.mutable_bytes()[15] = number;
    return FakeDealing(offer, number);
  }

  // Hands the frames that `agent` has sealed to the relay.
  absl::Status Deliver(const AgentId& agent) {
    absl::Status status;
    for (const std::string& frame : links(agent).TakeToHub()) {
      absl::StatusOr<std::optional<OpenedFrame>> opened =
          links(agent).hub().Open(AsBytes(frame));
      EXPECT_TRUE(opened.ok()) << opened.status();
      if (opened.ok()) status.Update(relay_.OnFrame(agent, **opened, now_));
    }
    return status;
  }
  // `agent` sends its share to the hub. Returns the offset of the deal.
  uint64_t SendDeal(const AgentId& agent, FakeDealing& dealing) {
    const size_t size = LayoutOf(dealing.offer).total_size();
    absl::StatusOr<LinkSlice> slice = links(agent).agent().Take(size);
    EXPECT_TRUE(slice.ok()) << slice.status();
    absl::StatusOr<uint64_t> offset = links(agent).agent().SealMasked(
        FrameType::kDeal, {dealing.Body(HubIndex(dealing), slice->pad.bytes)},
        *slice);
    EXPECT_TRUE(offset.ok()) << offset.status();
    EXPECT_TRUE(Deliver(agent).ok());
    return offset.value_or(0);
  }
  absl::Status SendReceipt(const AgentId& agent, const Receipt& receipt) {
    EXPECT_TRUE(links(agent)
                    .agent()
                    .Seal(FrameType::kReceipt, {receipt.Encode()})
                    .ok());
    return Deliver(agent);
  }
  static size_t HubIndex(const FakeDealing& dealing) {
    const auto& hubs = dealing.offer.hubs;
    return static_cast<size_t>(
        std::find(hubs.begin(), hubs.end(), NumberedHub(0)) - hubs.begin());
  }

  // What an agent got of the hub, opened. Bodies are views into frames_.
  std::vector<OpenedFrame> Received(const AgentId& agent) {
    std::vector<OpenedFrame> all;
    for (std::string& frame : links(agent).TakeToAgent()) {
      frames_.push_back(std::make_unique<std::string>(std::move(frame)));
      absl::StatusOr<std::optional<OpenedFrame>> opened =
          links(agent).agent().Open(AsBytes(*frames_.back()));
      EXPECT_TRUE(opened.ok()) << opened.status();
      if (opened.ok()) all.push_back(*std::move(*opened));
    }
    return all;
  }
  // The one notice that alice got, for `offset`.
  std::optional<NoticeCode> NoticeFor(uint64_t offset) {
    const std::vector<OpenedFrame> frames = Received(Alice());
    if (frames.size() != 1 || frames[0].type != FrameType::kNotice) {
      return std::nullopt;
    }
    const Notice notice = Notice::Parse(frames[0].body).value();
    EXPECT_EQ(notice.deal_offset, offset);
    return notice.code;
  }
  std::optional<NoticeCode> NoticeForDeal(FakeDealing dealing) {
    return NoticeFor(SendDeal(Alice(), dealing));
  }
  // Whether bob gets exactly the share that was dealt for this hub.
  bool BobGets(const FakeDealing& dealing) {
    const std::vector<OpenedFrame> frames = Received(Bob());
    if (frames.size() != 1 || frames[0].type != FrameType::kRelay) return false;
    const ShareMessage message = ShareMessage::Parse(frames[0].body).value();
    Secret share = Secret::CopyOf(message.masked);
    for (size_t i = 0; i < share.size(); ++i) {
      share.mutable_view()[i] ^= frames[0].otp.view()[i];
    }
    ByteWriter offer;
    dealing.offer.Encode(offer);
    return message.offer_bytes == offer.bytes() &&
           EqualInConstantTime(share.view(),
                               dealing.shares[HubIndex(dealing)].view());
  }

  Instant now_ = TestStart();
  SeededEntropy entropy_;
  std::map<AgentId, std::unique_ptr<FakeLinks>> links_;
  std::vector<std::unique_ptr<std::string>> frames_;
  Relay relay_;
};

TEST_F(RelayTest, ShareReachesTheNamedResponderOnly) {
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  EXPECT_TRUE(BobGets(dealing));
  EXPECT_TRUE(Received(Carol()).empty());
  EXPECT_TRUE(Received(Alice()).empty());
  EXPECT_EQ(relay_.waiting(), 1u);
  EXPECT_EQ(relay_.count(RelayResult::kRelayed), 1u);
  EXPECT_EQ(relay_.CountsOf(Alice()), std::make_pair(uint64_t{1}, uint64_t{0}));
  EXPECT_EQ(relay_.TakeTouched(), std::set<AgentId>{Bob()});
  EXPECT_TRUE(relay_.TakeTouched().empty());
}

TEST_F(RelayTest, ReceiptBringsTheConfirmationToTheInitiator) {
  FakeDealing dealing = Deal(1);
  const uint64_t offset = SendDeal(Alice(), dealing);
  EXPECT_TRUE(
      SendReceipt(Bob(), {Alice(), dealing.offer.exchange, "opaque"}).ok());
  const std::vector<OpenedFrame> frames = Received(Alice());
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].type, FrameType::kConfirm);
  const ConfirmMessage confirm = ConfirmMessage::Parse(frames[0].body).value();
  EXPECT_EQ(confirm.exchange, dealing.offer.exchange);
  EXPECT_EQ(confirm.deal_offset, offset);
  EXPECT_EQ(confirm.confirmation, "opaque");
  EXPECT_EQ(relay_.waiting(), 0u);
  EXPECT_EQ(relay_.count(RelayResult::kReceipted), 1u);
}

TEST_F(RelayTest, ReceiptOfAnotherAgentIsIgnored) {
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  for (const AgentId& agent : {Carol(), Alice()}) {
    EXPECT_TRUE(
        SendReceipt(agent, {Alice(), dealing.offer.exchange, "forged"}).ok());
  }
  EXPECT_EQ(relay_.waiting(), 1u);
  EXPECT_TRUE(Received(Alice()).empty());
}

TEST_F(RelayTest, ReceiptForNothingIsIgnored) {
  EXPECT_TRUE(SendReceipt(Bob(), {Alice(), ExchangeId(), "x"}).ok());
  EXPECT_TRUE(SendReceipt(Bob(), {Carol(), ExchangeId(), "x"}).ok());
  EXPECT_TRUE(Received(Alice()).empty());
  EXPECT_EQ(relay_.count(RelayResult::kReceipted), 0u);
}

TEST_F(RelayTest, FramesOfABrokenAgentAreRefused) {
  Link& alice = links(Alice()).agent();
  for (FrameType type :
       {FrameType::kRelay, FrameType::kConfirm, FrameType::kNotice,
        FrameType::kDeal, FrameType::kReceipt}) {
    ASSERT_TRUE(alice.Seal(type, {"nonsense"}).ok());
    EXPECT_EQ(Deliver(Alice()).code(), absl::StatusCode::kInvalidArgument)
        << FrameTypeName(type);
  }
  EXPECT_EQ(relay_.waiting(), 0u);
}

TEST_F(RelayTest, DealWithTooLittlePadIsRefused) {
  FakeDealing dealing = Deal(1);
  Link& alice = links(Alice()).agent();
  const LinkSlice slice = alice.Take(16).value();
  ASSERT_TRUE(alice
                  .SealMasked(FrameType::kDeal,
                              {dealing.Body(0, dealing.MakeOtp())}, slice)
                  .ok());
  EXPECT_EQ(Deliver(Alice()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(relay_.waiting(), 0u);
}

// --- Notices ---

TEST_F(RelayTest, InitiatorComesFromThePadAndNotFromTheBody) {
  FakeDealing dealing = Deal(1);
  SendDeal(Carol(), dealing);  // says that it is of alice
  EXPECT_TRUE(Received(Bob()).empty());
  EXPECT_TRUE(Received(Alice()).empty());
  const std::vector<OpenedFrame> frames = Received(Carol());
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(Notice::Parse(frames[0].body)->code, NoticeCode::kBadOffer);
  EXPECT_EQ(relay_.CountsOf(Carol()), std::make_pair(uint64_t{0}, uint64_t{1}));
  EXPECT_EQ(relay_.CountsOf(Alice()), std::make_pair(uint64_t{0}, uint64_t{0}));
}

TEST_F(RelayTest, OffersThatCannotBeAreBad) {
  FakeDealing to_herself = Deal(1);
  to_herself.offer.responder = Alice();
  EXPECT_EQ(NoticeForDeal(std::move(to_herself)), NoticeCode::kBadOffer);
  FakeDealing without_us = Deal(2);
  std::erase(without_us.offer.hubs, NumberedHub(0));
  EXPECT_EQ(NoticeForDeal(std::move(without_us)), NoticeCode::kBadOffer);
  EXPECT_EQ(relay_.count(RelayResult::kBadOffer), 2u);
}

TEST_F(RelayTest, ExchangeThatIsUnderWayIsBad) {
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  EXPECT_TRUE(BobGets(dealing));
  EXPECT_EQ(NoticeForDeal(Deal(1)), NoticeCode::kBadOffer);
  EXPECT_TRUE(Received(Bob()).empty());
}

TEST_F(RelayTest, UnknownResponderIsSaid) {
  relay_.RemoveAgent(Bob());
  EXPECT_EQ(NoticeForDeal(Deal(1)), NoticeCode::kUnknownResponder);
  EXPECT_EQ(relay_.count(RelayResult::kUnknownResponder), 1u);
}

TEST_F(RelayTest, InitiatorThatIsNotAllowedIsTold) {
  Enrol(Bob(), {.allow = {Carol()}});
  EXPECT_EQ(NoticeForDeal(Deal(1)), NoticeCode::kNotAllowed);
  EXPECT_EQ(relay_.count(RelayResult::kNotAllowed), 1u);
  EXPECT_TRUE(Received(Bob()).empty());
}

TEST_F(RelayTest, AbsentResponderIsSaid) {
  links(Bob()).Disconnect();
  EXPECT_EQ(NoticeForDeal(Deal(1)), NoticeCode::kResponderAway);
  EXPECT_EQ(relay_.count(RelayResult::kResponderAway), 1u);
}

TEST_F(RelayTest, OverloadedHubSaysSo) {
  for (uint8_t i = 1; i <= kMostWaiting; ++i) {
    FakeDealing dealing = Deal(i);
    SendDeal(Alice(), dealing);
  }
  EXPECT_EQ(NoticeForDeal(Deal(100)), NoticeCode::kOverloaded);
  EXPECT_EQ(relay_.count(RelayResult::kOverloaded), 1u);
  EXPECT_EQ(relay_.waiting(), kMostWaiting);
}

// What a share of one key costs: its MAC slot is worth more of the pad than its
// 112 bytes of otp. There are 8 times as many bytes of otp as of mac.
constexpr uint64_t kCost = 8 * kMacSlotSize;

TEST_F(RelayTest, QuotaOfAPairHoldsForAnHour) {
  Enrol(Bob(), {.allow = {Alice(), Carol()}, .pair_quota_bytes = 2 * kCost});
  for (uint8_t i : {1, 2}) {
    FakeDealing dealing = Deal(i);
    SendDeal(Alice(), dealing);
    EXPECT_TRUE(BobGets(dealing));
  }
  EXPECT_EQ(NoticeForDeal(Deal(3)), NoticeCode::kQuota);
  EXPECT_EQ(relay_.count(RelayResult::kQuota), 1u);
  now_.mono += absl::Hours(1);
  relay_.OnTime(now_);
  FakeDealing later = Deal(4);
  SendDeal(Alice(), later);
  EXPECT_TRUE(BobGets(later));
}

TEST_F(RelayTest, QuotaOfOneInitiatorLeavesTheOthersAlone) {
  Enrol(Bob(), {.allow = {Alice(), Carol()}, .pair_quota_bytes = kCost});
  FakeDealing of_alice = Deal(1);
  SendDeal(Alice(), of_alice);
  EXPECT_TRUE(BobGets(of_alice));
  FakeDealing of_carol = Deal(2);
  of_carol.offer.initiator = Carol();
  SendDeal(Carol(), of_carol);
  EXPECT_TRUE(BobGets(of_carol));
}

TEST_F(RelayTest, ResponderWhosePadIsUsedUpIsSaid) {
  Pad& pad = links(Bob()).hub_pad();
  const uint64_t end = pad.Remaining(Direction::kHubToAgent, Stream::kOtp);
  for (uint64_t left = end; left >= 112;) {
    links(Bob()).hub().WantOtp(112);
    links(Bob()).Settle();
    const uint64_t size = std::min(left, pad.Granted(Stream::kOtp)) & ~15u;
    ASSERT_TRUE(pad.Take(Stream::kOtp, size).ok());
    left = pad.Remaining(Direction::kHubToAgent, Stream::kOtp);
  }
  EXPECT_EQ(NoticeForDeal(Deal(1)), NoticeCode::kPadUsedUp);
  EXPECT_EQ(relay_.count(RelayResult::kPadUsedUp), 1u);
}

TEST_F(RelayTest, ResponderWhoseMacStreamIsUsedUpIsSaid) {
  Pad& pad = links(Bob()).hub_pad();
  while (pad.Remaining(Direction::kHubToAgent, Stream::kMac) > 0) {
    ASSERT_TRUE(links(Bob()).hub().Seal(FrameType::kNotice, {"a frame"}).ok());
    links(Bob()).Settle();
  }
  EXPECT_EQ(NoticeForDeal(Deal(1)), NoticeCode::kPadUsedUp);
  EXPECT_EQ(relay_.waiting(), 0u);
}

TEST_F(RelayTest, LastTenthOfAPadIsDividedAmongThoseAllowed) {
  Enrol(Bob(), {.allow = {Alice(), Carol()}});
  Pad& pad = links(Bob()).hub_pad();
  const uint64_t tenth = pad.identity().geometry.otp_bytes / 10;
  while (pad.Remaining(Direction::kHubToAgent, Stream::kOtp) >= tenth) {
    links(Bob()).hub().WantOtp(kOtpChunk);
    links(Bob()).Settle();
    ASSERT_TRUE(pad.Take(Stream::kOtp, 1024).ok());
  }
  const uint64_t half = pad.Remaining(Direction::kHubToAgent, Stream::kOtp) / 2;
  uint8_t dealt = 0;
  for (; dealt < 200; ++dealt) {
    FakeDealing dealing = Deal(dealt);
    SendDeal(Alice(), dealing);
    links(Bob()).Settle();
    relay_.OnLinkReady(Bob());
    if (!BobGets(dealing)) break;
    EXPECT_TRUE(
        SendReceipt(Bob(), {Alice(), dealing.offer.exchange, "r"}).ok());
  }
  EXPECT_EQ(relay_.count(RelayResult::kQuota), 1u);
  EXPECT_LE(dealt * kCost, half);
  EXPECT_GE((dealt + 2) * kCost, half * 3 / 4);  // it shrinks with what is left
  // What is carol's is left to her.
  FakeDealing of_carol = Deal(201);
  of_carol.offer.initiator = Carol();
  SendDeal(Carol(), of_carol);
  EXPECT_TRUE(BobGets(of_carol));
}

// --- Waiting ---

TEST_F(RelayTest, ShareWaitsForPadGrants) {
  Pad& pad = links(Bob()).hub_pad();
  ASSERT_TRUE(pad.Take(Stream::kOtp, pad.Granted(Stream::kOtp)).ok());
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  EXPECT_EQ(relay_.count(RelayResult::kRelayed), 0u);
  EXPECT_TRUE(Received(Bob()).empty());  // but the request for grants went out
  relay_.OnLinkReady(Bob());
  EXPECT_TRUE(BobGets(dealing));
  EXPECT_EQ(relay_.count(RelayResult::kRelayed), 1u);
  relay_.OnLinkReady(Bob());
  EXPECT_TRUE(Received(Bob()).empty());  // once
}

TEST_F(RelayTest, ShareWithoutAReceiptIsDroppedInTime) {
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  now_.mono += kShareWait - absl::Milliseconds(1);
  relay_.OnTime(now_);
  EXPECT_EQ(relay_.waiting(), 1u);
  now_.mono += absl::Milliseconds(1);
  relay_.OnTime(now_);
  EXPECT_EQ(relay_.waiting(), 0u);
  EXPECT_EQ(relay_.count(RelayResult::kExpired), 1u);
  EXPECT_TRUE(
      SendReceipt(Bob(), {Alice(), dealing.offer.exchange, "late"}).ok());
  EXPECT_TRUE(Received(Alice()).empty());
}

TEST_F(RelayTest, ShareUnderAnIdThatIsUsedAgainHidesNoOther) {
  FakeDealing first = Deal(1);
  SendDeal(Alice(), first);
  EXPECT_TRUE(
      SendReceipt(Bob(), {Alice(), first.offer.exchange, "receipt"}).ok());
  now_.mono += absl::Seconds(1);
  FakeDealing second = Deal(2);
  SendDeal(Alice(), second);
  now_.mono += kShareWait - absl::Seconds(2);
  SendDeal(Alice(), first);
  now_.mono += absl::Seconds(2);
  relay_.OnTime(now_);
  EXPECT_EQ(relay_.waiting(), 1u);  // the second is gone
  EXPECT_EQ(relay_.count(RelayResult::kExpired), 1u);
}

TEST_F(RelayTest, WaitingShareOfWhoIsNotAllowedAnyMoreIsDropped) {
  Pad& pad = links(Bob()).hub_pad();
  ASSERT_TRUE(pad.Take(Stream::kOtp, pad.Granted(Stream::kOtp)).ok());
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  Enrol(Bob(), {.allow = {Carol()}});
  EXPECT_EQ(relay_.waiting(), 0u);
  links(Bob()).Settle();
  relay_.OnLinkReady(Bob());
  EXPECT_TRUE(Received(Bob()).empty());
}

TEST_F(RelayTest, SharesOfARemovedAgentAreDropped) {
  FakeDealing dealing = Deal(1);
  SendDeal(Alice(), dealing);
  relay_.RemoveAgent(Bob());
  EXPECT_EQ(relay_.waiting(), 0u);
  EXPECT_FALSE(relay_.TakeTouched().contains(Bob()));
}

TEST_F(RelayTest, ResultsHaveTheirNames) {
  std::set<std::string> names;
  for (size_t i = 0; i < kRelayResults; ++i) {
    names.insert(std::string(RelayResultName(static_cast<RelayResult>(i))));
  }
  EXPECT_EQ(names.size(), kRelayResults);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace skex
