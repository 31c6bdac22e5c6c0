#include "skex/dske/messages.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/fake_dealing.h"
#include "skex/mac/one_time_mac.h"

namespace skex {
namespace {

using absl::StatusCode;

const ExchangeId kExchange({9, 8, 7});

// `good` parses; nothing shorter or longer does.
template <class Message>
void ExpectExactSize(const std::string& good) {
  EXPECT_TRUE(Message::Parse(AsBytes(good)).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(Message::Parse(AsBytes(good.substr(0, size))).status().code(),
              StatusCode::kInvalidArgument)
        << size;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string longer = good + static_cast<char>(byte);
    EXPECT_EQ(Message::Parse(AsBytes(longer)).status().code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(ShareMessageTest, GivesOfferItsBytesAndTheMaskedShare) {
  FakeDealing dealing(FakeOffer(FakePolicy(Alice(), 2, 3), 2), 1);
  const Secret otp = dealing.MakeOtp();
  const std::string body = dealing.Body(1, otp);
  absl::StatusOr<ShareMessage> message = ShareMessage::Parse(AsBytes(body));
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->masked.size(), LayoutOf(dealing.offer).total_size());
  EXPECT_EQ(message->offer_bytes + std::string(AsText(message->masked)), body);
  EXPECT_EQ(message->offer.tags, dealing.offer.tags);
  for (size_t i = 0; i < otp.size(); ++i) {
    EXPECT_EQ(message->masked[i] ^ otp.view()[i], dealing.shares[1].view()[i]);
  }
}

TEST(ShareMessageTest, HasOneSize) {
  FakeDealing dealing(FakeOffer(FakePolicy(Alice(), 2, 3), 1), 1);
  ExpectExactSize<ShareMessage>(dealing.Body(0, dealing.MakeOtp()));
}

TEST(ShareMessageTest, OfferOutOfRangeIsRefused) {
  FakeDealing dealing(FakeOffer(FakePolicy(Alice(), 2, 3), 1), 1);
  dealing.offer.threshold = 0;
  const std::string body = dealing.Body(0, dealing.MakeOtp());
  EXPECT_EQ(ShareMessage::Parse(AsBytes(body)).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(ReceiptTest, RoundTrips) {
  const Receipt receipt = {Alice(), kExchange, std::string("c\0d", 3)};
  absl::StatusOr<Receipt> parsed = Receipt::Parse(AsBytes(receipt.Encode()));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->initiator, Alice());
  EXPECT_EQ(parsed->exchange, kExchange);
  EXPECT_EQ(parsed->confirmation, receipt.confirmation);
}

TEST(ReceiptTest, HasOneSize) {
  ExpectExactSize<Receipt>(Receipt{Alice(), kExchange, "confirm"}.Encode());
}

TEST(ReceiptTest, InitiatorOfAnotherGrammarIsRefused) {
  std::string bytes = Receipt{Alice(), kExchange, "confirm"}.Encode();
  bytes[2] = 'A';
  EXPECT_EQ(Receipt::Parse(AsBytes(bytes)).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(ConfirmMessageTest, RoundTrips) {
  const ConfirmMessage message = {kExchange, 0x0102030405060708, "sealed"};
  const std::string bytes = message.Encode();
  absl::StatusOr<ConfirmMessage> parsed = ConfirmMessage::Parse(AsBytes(bytes));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->exchange, kExchange);
  EXPECT_EQ(parsed->deal_offset, 0x0102030405060708u);
  EXPECT_EQ(parsed->confirmation, "sealed");
}

TEST(ConfirmMessageTest, HasOneSize) {
  ExpectExactSize<ConfirmMessage>(
      ConfirmMessage{kExchange, 32, "sealed"}.Encode());
}

TEST(NoticeTest, EveryCodeRoundTripsAndHasAText) {
  std::set<std::string> texts;
  for (uint8_t code = 1; code <= 7; ++code) {
    const Notice notice = {kExchange, 64, static_cast<NoticeCode>(code)};
    absl::StatusOr<Notice> parsed = Notice::Parse(AsBytes(notice.Encode()));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->exchange, kExchange);
    EXPECT_EQ(parsed->deal_offset, 64u);
    EXPECT_EQ(parsed->code, notice.code);
    EXPECT_TRUE(texts.insert(std::string(NoticeText(notice.code))).second);
  }
  EXPECT_FALSE(texts.contains("unknown reason"));
}

TEST(NoticeTest, OtherCodesAreRefused) {
  for (uint8_t code : {0, 8, 255}) {
    const Notice notice = {kExchange, 64, static_cast<NoticeCode>(code)};
    EXPECT_EQ(Notice::Parse(AsBytes(notice.Encode())).status().code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(NoticeTest, HasOneSize) {
  ExpectExactSize<Notice>(Notice{kExchange, 64, NoticeCode::kQuota}.Encode());
}

// --- The confirmation ---

Secret ConfirmKey(uint64_t seed) {
  Secret key = Secret::OfSize(kOneTimeMacKeySize);
  SeededEntropy(seed).Fill(key.mutable_view());
  return key;
}

Confirmation SomeConfirmation() {
  return {.exchange = kExchange,
          .initiator = Alice(),
          .responder = Bob(),
          .responder_boot = BootId({5}),
          .source = PadSource::kPhysical,
          .key_count = 3,
          .inconsistent = {NumberedHub(1), NumberedHub(4)}};
}

// What an agent with the key could seal, whatever it says.
std::string SealedFields(const ByteWriter& fields, const Secret& key) {
  ByteWriter writer;
  writer.Raw(fields.bytes());
  writer.Raw(ComputeOneTimeMac(key.view(), {AsBytes(fields.bytes())}));
  return std::move(writer).Take();
}

ByteWriter Fields(const std::string& label, const std::string& initiator,
                  const std::string& responder, uint8_t source,
                  const std::vector<std::string>& hubs) {
  ByteWriter writer;
  writer.Prefixed(label).Raw(kExchange.bytes());
  writer.Prefixed(initiator).Prefixed(responder);
  writer.Raw(BootId({5}).bytes()).U8(source).U16(3);
  writer.U8(static_cast<uint8_t>(hubs.size()));
  for (const std::string& hub : hubs) writer.Prefixed(hub);
  return writer;
}

TEST(ConfirmationTest, RoundTrips) {
  const Secret key = ConfirmKey(1);
  absl::StatusOr<Confirmation> opened =
      Confirmation::Open(key.view(), SomeConfirmation().Seal(key.view()));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->exchange, kExchange);
  EXPECT_EQ(opened->initiator, Alice());
  EXPECT_EQ(opened->responder, Bob());
  EXPECT_EQ(opened->responder_boot, BootId({5}));
  EXPECT_EQ(opened->source, PadSource::kPhysical);
  EXPECT_EQ(opened->key_count, 3);
  EXPECT_EQ(opened->inconsistent, SomeConfirmation().inconsistent);
}

TEST(ConfirmationTest, EveryFlippedBitIsRefused) {
  const Secret key = ConfirmKey(1);
  const std::string sealed = SomeConfirmation().Seal(key.view());
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string bad = sealed;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(Confirmation::Open(key.view(), bad).status().code(),
              StatusCode::kDataLoss)
        << bit;
  }
}

TEST(ConfirmationTest, EveryOtherLengthIsRefused) {
  const Secret key = ConfirmKey(1);
  const std::string sealed = SomeConfirmation().Seal(key.view());
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(
        Confirmation::Open(key.view(), sealed.substr(0, size)).status().code(),
        StatusCode::kDataLoss);
  }
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(Confirmation::Open(key.view(), sealed + static_cast<char>(byte))
                  .status()
                  .code(),
              StatusCode::kDataLoss);
  }
}

TEST(ConfirmationTest, EveryOtherKeyIsRefused) {
  Secret key = ConfirmKey(1);
  const std::string sealed = SomeConfirmation().Seal(key.view());
  for (size_t bit = 0; bit < key.size() * 8; ++bit) {
    const uint8_t flip = static_cast<uint8_t>(1 << bit % 8);
    key.mutable_view()[bit / 8] ^= flip;
    EXPECT_EQ(Confirmation::Open(key.view(), sealed).status().code(),
              StatusCode::kDataLoss);
    key.mutable_view()[bit / 8] ^= flip;
  }
}

TEST(ConfirmationTest, AuthenticNonsenseIsRefused) {
  const Secret key = ConfirmKey(1);
  const std::string alice = Alice().text();
  const std::string bob = Bob().text();
  const std::string hub = NumberedHub(1).text();
  const auto code = [&key](const ByteWriter& fields) {
    return Confirmation::Open(key.view(), SealedFields(fields, key))
        .status()
        .code();
  };
  EXPECT_EQ(code(Fields("skex confirm", alice, bob, 1, {hub})),
            StatusCode::kOk);
  EXPECT_EQ(code(Fields("skex confirm", alice, bob, 3, {hub})),
            StatusCode::kOk);
  const std::vector<ByteWriter> bad = {
      Fields("skex confirn", alice, bob, 1, {hub}),
      Fields("skex confirm", "Alice", bob, 1, {hub}),
      Fields("skex confirm", alice, "", 1, {hub}),
      Fields("skex confirm", alice, bob, 0, {hub}),
      Fields("skex confirm", alice, bob, 4, {hub}),
      Fields("skex confirm", alice, bob, 1, {"hub"}),
      Fields("skex confirm", alice, bob, 1, {hub}).U8(0),
      ByteWriter(),
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(code(bad[i]), StatusCode::kInvalidArgument) << i;
  }
}

}  // namespace
}  // namespace skex
