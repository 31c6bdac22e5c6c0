#include "skex/ratchet/messages.h"

#include <functional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/entropy.h"
#include "skex/base/seeded_entropy.h"
#include "skex/ratchet/fake_lane.h"

namespace skex {
namespace {

using absl::StatusCode;

Secret TagKey() { return FakeRoot(1); }
Secret GateKey() { return FakeRoot(2); }

M1Message SomeM1() {
  SeededEntropy entropy(3);
  M1Message m1 = {.lane = RandomId<LaneId>(entropy),
                  .index = 0x01020304,
                  .lowest = 0x01020302,
                  .finished = 0x01020301,
                  .boot = RandomId<BootId>(entropy)};
  entropy.Fill(absl::MakeSpan(m1.nonce));
  entropy.Fill(absl::MakeSpan(m1.context));
  return m1;
}

std::string SomeM1Bytes() { return SomeM1().Seal(TagKey(), GateKey()); }

M2Message SomeM2() {
  SeededEntropy entropy(4);
  M2Message m2 = {.lane = RandomId<LaneId>(entropy),
                  .index = 0x05060708,
                  .status = RunStatus::kNoFreshKey,
                  .boot = RandomId<BootId>(entropy)};
  entropy.Fill(absl::MakeSpan(m2.nonce));
  return m2;
}

std::string SomeM2Bytes() { return SomeM2().Seal(TagKey(), "an M1"); }

StaleMessage SomeStale() {
  SeededEntropy entropy(5);
  StaleMessage stale = {
      .lane = RandomId<LaneId>(entropy), .index = 7, .next = 0xffffffff};
  entropy.Fill(absl::MakeSpan(stale.nonce));
  return stale;
}

std::string SomeStaleBytes() { return SomeStale().Seal(TagKey()); }

LaneConfirmMessage SomeConfirm() {
  SeededEntropy entropy(6);
  return {.lane = RandomId<LaneId>(entropy), .index = 0x090a0b0c};
}

std::string SomeConfirmBytes() {
  return SomeConfirm().Seal(TagKey(), "an M1", "an M2");
}

// `good` parses; nothing shorter or longer does.
template <class Message>
void ExpectExactSize(const std::string& good, size_t size) {
  EXPECT_EQ(good.size(), size);
  EXPECT_TRUE(Message::Parse(AsBytes(good)).ok());
  for (size_t shorter = 0; shorter < good.size(); ++shorter) {
    EXPECT_EQ(Message::Parse(AsBytes(good.substr(0, shorter))).status().code(),
              StatusCode::kInvalidArgument)
        << shorter;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string longer = good + static_cast<char>(byte);
    EXPECT_EQ(Message::Parse(AsBytes(longer)).status().code(),
              StatusCode::kInvalidArgument);
  }
}

// With any one bit flipped the bytes do not parse, or do not verify.
template <class Message>
void ExpectEveryFlippedBitIsRefused(
    const std::string& good,
    const std::function<bool(const Message&, absl::string_view)>& verifies) {
  ASSERT_TRUE(verifies(*Message::Parse(AsBytes(good)), good));
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<Message> parsed = Message::Parse(AsBytes(bad));
    EXPECT_FALSE(parsed.ok() && verifies(*parsed, bad)) << bit;
  }
}

template <class Message>
StatusCode CodeWith(std::string bytes, size_t at, uint8_t value) {
  bytes[at] = static_cast<char>(value);
  return Message::Parse(AsBytes(bytes)).status().code();
}

TEST(M1MessageTest, RoundTrips) {
  const std::string bytes = SomeM1Bytes();
  const absl::StatusOr<M1Message> m1 = M1Message::Parse(AsBytes(bytes));
  ASSERT_TRUE(m1.ok()) << m1.status();
  EXPECT_EQ(m1->lane, SomeM1().lane);
  EXPECT_EQ(m1->index, SomeM1().index);
  EXPECT_EQ(m1->lowest, SomeM1().lowest);
  EXPECT_EQ(m1->finished, SomeM1().finished);
  EXPECT_EQ(m1->purpose, RunPurpose::kKey);
  EXPECT_EQ(m1->fresh, KeyId());
  EXPECT_EQ(m1->boot, SomeM1().boot);
  EXPECT_EQ(m1->nonce, SomeM1().nonce);
  EXPECT_EQ(m1->context, SomeM1().context);
  EXPECT_EQ(m1->Seal(TagKey(), GateKey()), bytes);
}

TEST(M1MessageTest, HasOneSize) {
  ExpectExactSize<M1Message>(SomeM1Bytes(), kM1Size);
}

TEST(M1MessageTest, EveryFlippedBitFailsTheGate) {
  ExpectEveryFlippedBitIsRefused<M1Message>(
      SomeM1Bytes(), [](const M1Message& m1, absl::string_view bytes) {
        return GateVerifies(m1, bytes, GateKey());
      });
}

TEST(M1MessageTest, EveryFlippedBitButTheGateFailsTheTag) {
  const std::string good = SomeM1Bytes();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<M1Message> m1 = M1Message::Parse(AsBytes(bad));
    EXPECT_EQ(m1.ok() && TagVerifies(*m1, bad, TagKey()),
              bit / 8 >= kM1Size - kGateTagSize)
        << bit;
  }
}

TEST(M1MessageTest, BoundsAboveItsIndexAreRefused) {
  M1Message m1 = SomeM1();
  m1.lowest = m1.index + 1;
  EXPECT_EQ(
      M1Message::Parse(AsBytes(m1.Seal(TagKey(), GateKey()))).status().code(),
      StatusCode::kInvalidArgument);
  m1 = SomeM1();
  m1.finished = m1.index + 1;
  EXPECT_EQ(
      M1Message::Parse(AsBytes(m1.Seal(TagKey(), GateKey()))).status().code(),
      StatusCode::kInvalidArgument);
  m1.lowest = m1.finished = m1.index;
  EXPECT_TRUE(M1Message::Parse(AsBytes(m1.Seal(TagKey(), GateKey()))).ok());
}

TEST(M1MessageTest, OnlyAReRootOrAMixNamesAKeyOfDske) {
  M1Message m1 = SomeM1();
  m1.fresh = KeyId({1});
  EXPECT_EQ(
      M1Message::Parse(AsBytes(m1.Seal(TagKey(), GateKey()))).status().code(),
      StatusCode::kInvalidArgument);
  for (const RunPurpose purpose : {RunPurpose::kReroot, RunPurpose::kMix}) {
    m1.purpose = purpose;
    const std::string bytes = m1.Seal(TagKey(), GateKey());
    const absl::StatusOr<M1Message> parsed = M1Message::Parse(AsBytes(bytes));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->purpose, purpose);
    EXPECT_EQ(parsed->fresh, m1.fresh);
  }
}

TEST(M1MessageTest, OtherPurposesAreRefused) {
  for (const uint8_t purpose : {0, 4, 255}) {
    EXPECT_EQ(CodeWith<M1Message>(SomeM1Bytes(), 36, purpose),
              StatusCode::kInvalidArgument);
  }
}

TEST(M2MessageTest, RoundTrips) {
  const std::string bytes = SomeM2Bytes();
  const absl::StatusOr<M2Message> m2 = M2Message::Parse(AsBytes(bytes));
  ASSERT_TRUE(m2.ok()) << m2.status();
  EXPECT_EQ(m2->lane, SomeM2().lane);
  EXPECT_EQ(m2->index, SomeM2().index);
  EXPECT_EQ(m2->status, RunStatus::kNoFreshKey);
  EXPECT_EQ(m2->boot, SomeM2().boot);
  EXPECT_EQ(m2->nonce, SomeM2().nonce);
  EXPECT_EQ(m2->Seal(TagKey(), "an M1"), bytes);
}

TEST(M2MessageTest, HasOneSize) {
  ExpectExactSize<M2Message>(SomeM2Bytes(), kM2Size);
}

TEST(M2MessageTest, EveryFlippedBitIsRefused) {
  ExpectEveryFlippedBitIsRefused<M2Message>(
      SomeM2Bytes(), [](const M2Message& m2, absl::string_view bytes) {
        return TagVerifies(m2, bytes, TagKey(), "an M1");
      });
}

TEST(M2MessageTest, DoesNotVerifyForAnotherM1) {
  const std::string bytes = SomeM2Bytes();
  const M2Message m2 = *M2Message::Parse(AsBytes(bytes));
  EXPECT_FALSE(TagVerifies(m2, bytes, TagKey(), "an M0"));
  EXPECT_FALSE(TagVerifies(m2, bytes, GateKey(), "an M1"));
}

TEST(M2MessageTest, EveryStatusRoundTripsAndHasAText) {
  std::set<std::string> texts;
  for (const RunStatus status :
       {RunStatus::kAccepted, RunStatus::kOtherTerms, RunStatus::kNoFreshKey}) {
    M2Message m2 = SomeM2();
    m2.status = status;
    EXPECT_EQ(M2Message::Parse(AsBytes(m2.Seal(TagKey(), "")))->status, status);
    EXPECT_TRUE(texts.insert(std::string(RunStatusText(status))).second);
  }
  EXPECT_FALSE(texts.contains("unknown status"));
}

TEST(M2MessageTest, OtherStatusesAreRefused) {
  for (const uint8_t status : {0, 4, 255}) {
    EXPECT_EQ(CodeWith<M2Message>(SomeM2Bytes(), 28, status),
              StatusCode::kInvalidArgument);
  }
}

TEST(StaleMessageTest, RoundTrips) {
  const std::string bytes = SomeStaleBytes();
  const absl::StatusOr<StaleMessage> stale =
      StaleMessage::Parse(AsBytes(bytes));
  ASSERT_TRUE(stale.ok()) << stale.status();
  EXPECT_EQ(stale->lane, SomeStale().lane);
  EXPECT_EQ(stale->index, 7u);
  EXPECT_EQ(stale->nonce, SomeStale().nonce);
  EXPECT_EQ(stale->next, 0xffffffffu);
  EXPECT_EQ(stale->Seal(TagKey()), bytes);
}

TEST(StaleMessageTest, HasOneSize) {
  ExpectExactSize<StaleMessage>(SomeStaleBytes(), kStaleSize);
}

TEST(StaleMessageTest, EveryFlippedBitIsRefused) {
  ExpectEveryFlippedBitIsRefused<StaleMessage>(
      SomeStaleBytes(), [](const StaleMessage& stale, absl::string_view bytes) {
        return TagVerifies(stale, bytes, TagKey());
      });
}

TEST(ConfirmMessageTest, RoundTrips) {
  const std::string bytes = SomeConfirmBytes();
  const absl::StatusOr<LaneConfirmMessage> confirm =
      LaneConfirmMessage::Parse(AsBytes(bytes));
  ASSERT_TRUE(confirm.ok()) << confirm.status();
  EXPECT_EQ(confirm->lane, SomeConfirm().lane);
  EXPECT_EQ(confirm->index, SomeConfirm().index);
  EXPECT_EQ(AsText(confirm->tag), bytes.substr(kConfirmSize - kRunTagSize));
  EXPECT_EQ(confirm->Seal(TagKey(), "an M1", "an M2"), bytes);
}

TEST(ConfirmMessageTest, HasOneSize) {
  ExpectExactSize<LaneConfirmMessage>(SomeConfirmBytes(), kConfirmSize);
}

// Who takes it makes the one that it waits for.
TEST(ConfirmMessageTest, EveryFlippedBitIsRefused) {
  ExpectEveryFlippedBitIsRefused<LaneConfirmMessage>(
      SomeConfirmBytes(),
      [](const LaneConfirmMessage& confirm, absl::string_view bytes) {
        return confirm.Seal(TagKey(), "an M1", "an M2") == bytes;
      });
}

TEST(ConfirmMessageTest, IsAnotherForAnotherTranscriptOrKey) {
  const std::string bytes = SomeConfirmBytes();
  EXPECT_NE(SomeConfirm().Seal(TagKey(), "an M0", "an M2"), bytes);
  EXPECT_NE(SomeConfirm().Seal(TagKey(), "an M1", "an M3"), bytes);
  EXPECT_NE(SomeConfirm().Seal(GateKey(), "an M1", "an M2"), bytes);
}

TEST(LaneMessageTypeTest, TellsTheFourApart) {
  EXPECT_EQ(*LaneMessageTypeOf(AsBytes(SomeM1Bytes())), LaneMessageType::kM1);
  EXPECT_EQ(*LaneMessageTypeOf(AsBytes(SomeM2Bytes())), LaneMessageType::kM2);
  EXPECT_EQ(*LaneMessageTypeOf(AsBytes(SomeStaleBytes())),
            LaneMessageType::kStale);
  EXPECT_EQ(*LaneMessageTypeOf(AsBytes(SomeConfirmBytes())),
            LaneMessageType::kConfirm);
}

TEST(LaneMessageTypeTest, OneTypeIsNoOther) {
  EXPECT_FALSE(M1Message::Parse(AsBytes(SomeM2Bytes())).ok());
  EXPECT_FALSE(M2Message::Parse(AsBytes(SomeStaleBytes())).ok());
  EXPECT_FALSE(StaleMessage::Parse(AsBytes(SomeConfirmBytes())).ok());
  EXPECT_FALSE(LaneConfirmMessage::Parse(AsBytes(SomeM1Bytes())).ok());
  // Nor with the type alone changed.
  EXPECT_EQ(CodeWith<M1Message>(SomeM1Bytes(), 5, 2),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeWith<LaneConfirmMessage>(SomeConfirmBytes(), 5, 3),
            StatusCode::kInvalidArgument);
}

TEST(LaneMessageTypeTest, OtherMagicVersionTypeAndSuiteAreRefused) {
  struct Change {
    size_t at;
    uint8_t value;
  };
  // 0x16 is what TLS begins with.
  for (const Change change : {Change{0, 0x16}, Change{3, '2'}, Change{4, 2},
                              Change{5, 0}, Change{5, 5}, Change{7, 2}}) {
    std::string bytes = SomeM1Bytes();
    bytes[change.at] = static_cast<char>(change.value);
    EXPECT_EQ(LaneMessageTypeOf(AsBytes(bytes)).status().code(),
              StatusCode::kInvalidArgument)
        << change.at;
    EXPECT_EQ(M1Message::Parse(AsBytes(bytes)).status().code(),
              StatusCode::kInvalidArgument)
        << change.at;
  }
  EXPECT_EQ(LaneMessageTypeOf({}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(LaneMessageSizeTest, HeaderTellsTheSize) {
  for (const std::string& message :
       {SomeM1Bytes(), SomeM2Bytes(), SomeStaleBytes()}) {
    EXPECT_EQ(*LaneMessageSize(AsBytes(message)), message.size());
    EXPECT_EQ(*LaneMessageSize(AsBytes(message.substr(0, kLaneHeaderSize))),
              message.size());
  }
}

TEST(LaneMessageSizeTest, RefusesWhatIsNoHeader) {
  const std::string header = SomeM1Bytes().substr(0, kLaneHeaderSize);
  for (size_t shorter = 0; shorter < header.size(); ++shorter) {
    EXPECT_EQ(
        LaneMessageSize(AsBytes(header.substr(0, shorter))).status().code(),
        StatusCode::kInvalidArgument)
        << shorter;
  }
  for (size_t at = 0; at < header.size(); ++at) {
    std::string other = header;
    other[at] = '\x7f';
    EXPECT_EQ(LaneMessageSize(AsBytes(other)).status().code(),
              StatusCode::kInvalidArgument)
        << at;
  }
}

}  // namespace
}  // namespace skex
