#include "skex/psk/mixing.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"

namespace skex {
namespace {

// The vectors come from a second implementation, with Python's hashlib and
// hmac only:
//   p = lambda s: struct.pack('>H', len(s)) + s
//   H = lambda key, m: hmac.new(key, m, 'sha256').digest()    # and S: SHA-256
//   kd = bytes(range(0x40, 0x60)); ku = bytes(range(0x80, 0xa0))
//   idd = bytes(range(16)); idu = bytes(range(16, 32)); A and B: the two names
//   ctx = S(b'skex both context' + b'\x11' * 32 + b'\x22' * 32)
//   key = H(H(kd, ku), b'skex both' + idd + idu + p(A) + p(B) + ctx + b'\x01')
//   kid = S(b'skex both id' + idd + idu + p(A) + p(B))[:16]
constexpr char kContextHex[] =
    "0593bbe770e6be0b42430a82e47b6d758f46fdd24b7c2fca5d5fee0b8472813b";
constexpr char kKeyIdHex[] = "36e3d30976510b182355752e5973a0e8";
constexpr char kKeyHex[] =
    "9ebf8d299ab065d3c51729a1ab4d5d7f0f8e624e36fceb3588773bdb1e4740eb";

AgentId Alice() { return *AgentId::Parse("alice@north.example"); }
AgentId Bob() { return *AgentId::Parse("bob@south.example"); }

// `size` bytes that count up from `from`.
Secret Counting(uint8_t from, size_t size) {
  Secret bytes = Secret::OfSize(size);
  for (uint8_t& byte : bytes.mutable_view()) byte = from++;
  return bytes;
}

KeyId CountingId(uint8_t from) {
  KeyId id;
  for (uint8_t& byte : id.mutable_bytes()) byte = from++;
  return id;
}

KeyTerms CommonTerms() {
  KeyTerms terms = {.initiator = Alice(), .responder = Bob()};
  terms.initiator_boot.mutable_bytes()[0] = 1;
  terms.responder_boot.mutable_bytes()[0] = 2;
  terms.lifetime = absl::Hours(1);
  terms.use_limit = 100;
  return terms;
}

KeyTerms DskeTerms() {
  KeyTerms terms = CommonTerms();
  terms.label = KeyLabel::kInformationTheoretic;
  terms.policy_hash.fill(0x11);
  terms.hubs = {*HubId::Parse("hub1@east.example"),
                *HubId::Parse("hub2@west.example")};
  terms.threshold = 2;
  return terms;
}

KeyTerms UnmediatedTerms() {
  KeyTerms terms = CommonTerms();
  terms.source = KeySource::kUnmediated;
  terms.policy_hash.fill(0x22);
  return terms;
}

Key DskeKey(const KeyTerms& terms = DskeTerms()) {
  return {.id = CountingId(0),
          .bytes = Counting(0x40, kMixedKeySize),
          .terms = std::make_shared<KeyTerms>(terms)};
}

Key UnmediatedKey(const KeyTerms& terms = UnmediatedTerms()) {
  return {.id = CountingId(16),
          .bytes = Counting(0x80, kMixedKeySize),
          .terms = std::make_shared<KeyTerms>(terms)};
}

std::string Hex(absl::Span<const uint8_t> bytes) {
  return absl::BytesToHexString(AsText(bytes));
}

// The bytes of the mixed key.
std::string MixedHex(Key dske, Key unmediated) {
  const absl::StatusOr<Key> mixed =
      MixKeys(std::move(dske), std::move(unmediated));
  return mixed.ok() ? Hex(mixed->bytes.view()) : mixed.status().ToString();
}

TEST(MixingTest, MixedKeyMatchesItsVectors) {
  const absl::StatusOr<Key> mixed = MixKeys(DskeKey(), UnmediatedKey());
  ASSERT_TRUE(mixed.ok()) << mixed.status();
  EXPECT_EQ(Hex(mixed->bytes.view()), kKeyHex);
  EXPECT_EQ(mixed->id.Hex(), kKeyIdHex);
  EXPECT_EQ(Hex(mixed->terms->policy_hash), kContextHex);
}

TEST(MixingTest, MixedKeyIsComputationalAndOfBothSources) {
  const absl::StatusOr<Key> mixed = MixKeys(DskeKey(), UnmediatedKey());
  ASSERT_TRUE(mixed.ok()) << mixed.status();
  EXPECT_EQ(mixed->terms->source, KeySource::kBoth);
  EXPECT_EQ(mixed->terms->label, KeyLabel::kComputational);
}

TEST(MixingTest, MixedKeyKeepsWhatTheComponentsAgreeOnAndTheHubs) {
  const absl::StatusOr<Key> mixed = MixKeys(DskeKey(), UnmediatedKey());
  ASSERT_TRUE(mixed.ok()) << mixed.status();
  EXPECT_EQ(mixed->terms->initiator, Alice());
  EXPECT_EQ(mixed->terms->responder, Bob());
  EXPECT_EQ(mixed->terms->initiator_boot, CommonTerms().initiator_boot);
  EXPECT_EQ(mixed->terms->responder_boot, CommonTerms().responder_boot);
  EXPECT_EQ(mixed->terms->freshness, Freshness::kDerived);
  EXPECT_EQ(mixed->terms->lifetime, absl::Hours(1));
  EXPECT_EQ(mixed->terms->use_limit, 100u);
  EXPECT_EQ(mixed->terms->hubs, DskeTerms().hubs);
  EXPECT_EQ(mixed->terms->threshold, 2);
}

TEST(MixingTest, ComponentsAreConsumed) {
  Key dske = DskeKey();
  Key unmediated = UnmediatedKey();
  ASSERT_TRUE(MixKeys(std::move(dske), std::move(unmediated)).ok());
  // NOLINTBEGIN(bugprone-use-after-move)
  EXPECT_TRUE(dske.bytes.empty());
  EXPECT_TRUE(unmediated.bytes.empty());
  // NOLINTEND(bugprone-use-after-move)
}

TEST(MixingTest, RefusedComponentsAreConsumedToo) {
  Key dske = DskeKey();
  Key unmediated = UnmediatedKey();
  ASSERT_FALSE(MixKeys(std::move(unmediated), std::move(dske)).ok());
  // NOLINTBEGIN(bugprone-use-after-move)
  EXPECT_TRUE(dske.bytes.empty());
  EXPECT_TRUE(unmediated.bytes.empty());
  // NOLINTEND(bugprone-use-after-move)
}

TEST(MixingTest, OrderOfTheBytesMatters) {
  Key dske = DskeKey();
  Key unmediated = UnmediatedKey();
  std::swap(dske.bytes, unmediated.bytes);
  EXPECT_NE(MixedHex(std::move(dske), std::move(unmediated)), kKeyHex);
}

TEST(MixingTest, OrderOfTheIdsMatters) {
  Key dske = DskeKey();
  Key unmediated = UnmediatedKey();
  std::swap(dske.id, unmediated.id);
  EXPECT_NE(MixedHex(std::move(dske), std::move(unmediated)), kKeyHex);
  EXPECT_NE(ComputeMixedKeyId(CountingId(0), CountingId(16), Alice(), Bob()),
            ComputeMixedKeyId(CountingId(16), CountingId(0), Alice(), Bob()));
}

TEST(MixingTest, OrderOfTheAgentsMatters) {
  KeyTerms dske = DskeTerms();
  KeyTerms unmediated = UnmediatedTerms();
  std::swap(dske.initiator, dske.responder);
  std::swap(unmediated.initiator, unmediated.responder);
  EXPECT_NE(MixedHex(DskeKey(dske), UnmediatedKey(unmediated)), kKeyHex);
  EXPECT_NE(ComputeMixedKeyId(CountingId(0), CountingId(16), Alice(), Bob()),
            ComputeMixedKeyId(CountingId(0), CountingId(16), Bob(), Alice()));
}

TEST(MixingTest, OrderOfThePoliciesMatters) {
  KeyTerms dske = DskeTerms();
  KeyTerms unmediated = UnmediatedTerms();
  std::swap(dske.policy_hash, unmediated.policy_hash);
  EXPECT_NE(MixedHex(DskeKey(dske), UnmediatedKey(unmediated)), kKeyHex);
}

TEST(MixingTest, NeitherComponentAloneDeterminesTheKey) {
  std::set<std::string> keys = {MixedHex(DskeKey(), UnmediatedKey()),
                                Hex(DskeKey().bytes.view()),
                                Hex(UnmediatedKey().bytes.view())};
  ASSERT_EQ(keys.size(), 3u);
  for (size_t bit = 0; bit < 8 * kMixedKeySize; ++bit) {
    const uint8_t flip = static_cast<uint8_t>(1 << bit % 8);
    Key dske = DskeKey();
    dske.bytes.mutable_view()[bit / 8] ^= flip;
    EXPECT_TRUE(keys.insert(MixedHex(std::move(dske), UnmediatedKey())).second);
    Key unmediated = UnmediatedKey();
    unmediated.bytes.mutable_view()[bit / 8] ^= flip;
    EXPECT_TRUE(keys.insert(MixedHex(DskeKey(), std::move(unmediated))).second);
  }
}

TEST(MixingTest, IdDoesNotDependOnKeyBytes) {
  Key dske = DskeKey();
  dske.bytes = Counting(0x10, kMixedKeySize);
  const absl::StatusOr<Key> mixed = MixKeys(std::move(dske), UnmediatedKey());
  ASSERT_TRUE(mixed.ok()) << mixed.status();
  EXPECT_EQ(mixed->id.Hex(), kKeyIdHex);
}

TEST(MixingTest, IdDependsOnBothIds) {
  EXPECT_NE(ComputeMixedKeyId(CountingId(1), CountingId(16), Alice(), Bob()),
            ComputeMixedKeyId(CountingId(0), CountingId(16), Alice(), Bob()));
  EXPECT_NE(ComputeMixedKeyId(CountingId(0), CountingId(17), Alice(), Bob()),
            ComputeMixedKeyId(CountingId(0), CountingId(16), Alice(), Bob()));
}

// Whether a key is mixed when one of the components has other terms. What
// CheckMixing() says beforehand is the same.
bool Mixes(const std::function<void(KeyTerms&)>& change, bool of_dske) {
  KeyTerms dske = DskeTerms();
  KeyTerms unmediated = UnmediatedTerms();
  change(of_dske ? dske : unmediated);
  const absl::Status checked = CheckMixing(DskeKey(dske), unmediated);
  const absl::StatusOr<Key> mixed =
      MixKeys(DskeKey(dske), UnmediatedKey(unmediated));
  EXPECT_TRUE(mixed.ok() || absl::IsInvalidArgument(mixed.status()));
  EXPECT_EQ(checked.code(), mixed.status().code());
  return mixed.ok();
}
bool MixesEither(const std::function<void(KeyTerms&)>& change) {
  return Mixes(change, true) || Mixes(change, false);
}

TEST(MixingTest, RefusesKeysOfDifferentAgents) {
  const AgentId carol = *AgentId::Parse("carol@north.example");
  EXPECT_FALSE(MixesEither([&](KeyTerms& t) { t.initiator = carol; }));
  EXPECT_FALSE(MixesEither([&](KeyTerms& t) { t.responder = carol; }));
}

TEST(MixingTest, RefusesKeysOfOppositeDirections) {
  EXPECT_FALSE(
      MixesEither([](KeyTerms& t) { std::swap(t.initiator, t.responder); }));
}

TEST(MixingTest, RefusesKeysOfDifferentStarts) {
  EXPECT_FALSE(MixesEither(
      [](KeyTerms& t) { t.initiator_boot.mutable_bytes()[15] ^= 1; }));
  EXPECT_FALSE(MixesEither(
      [](KeyTerms& t) { t.responder_boot.mutable_bytes()[15] ^= 1; }));
}

TEST(MixingTest, RefusesKeysWhoseLimitsDiffer) {
  EXPECT_FALSE(
      MixesEither([](KeyTerms& t) { t.lifetime += absl::Seconds(1); }));
  EXPECT_FALSE(MixesEither([](KeyTerms& t) { ++t.use_limit; }));
  EXPECT_FALSE(
      MixesEither([](KeyTerms& t) { t.freshness = Freshness::kDelivery; }));
}

TEST(MixingTest, MixesKeysWhoseLabelsDiffer) {
  EXPECT_TRUE(
      Mixes([](KeyTerms& t) { t.label = KeyLabel::kComputational; }, true));
}

TEST(MixingTest, RefusesTwoKeysOfOneSourceAndMixedOnes) {
  for (const KeySource source :
       {KeySource::kDske, KeySource::kUnmediated, KeySource::kBoth}) {
    const auto change = [source](KeyTerms& t) { t.source = source; };
    EXPECT_EQ(Mixes(change, true), source == KeySource::kDske);
    EXPECT_EQ(Mixes(change, false), source == KeySource::kUnmediated);
  }
}

TEST(MixingTest, RefusesKeysOfAnotherSize) {
  for (const size_t size : {16, 31, 33, 48, 64}) {
    Key dske = DskeKey();
    dske.bytes = Counting(0x40, size);
    EXPECT_TRUE(absl::IsInvalidArgument(
        MixKeys(std::move(dske), UnmediatedKey()).status()));
    Key unmediated = UnmediatedKey();
    unmediated.bytes = Counting(0x80, size);
    EXPECT_TRUE(absl::IsInvalidArgument(
        MixKeys(DskeKey(), std::move(unmediated)).status()));
  }
}

// The unmediated key is not there yet: of two keys one is looked at.
TEST(MixingTest, CheckLooksAtTheSizeOfTheKeyOfDske) {
  EXPECT_TRUE(CheckMixing(DskeKey(), UnmediatedTerms()).ok());
  for (const size_t size : {16, 31, 33, 48, 64}) {
    Key dske = DskeKey();
    dske.bytes = Counting(0x40, size);
    EXPECT_TRUE(absl::IsInvalidArgument(CheckMixing(dske, UnmediatedTerms())));
  }
}

TEST(MixingTest, CheckConsumesNothing) {
  const Key dske = DskeKey();
  ASSERT_TRUE(CheckMixing(dske, UnmediatedTerms()).ok());
  EXPECT_EQ(Hex(dske.bytes.view()), Hex(DskeKey().bytes.view()));
}

TEST(MixingTest, RefusesTwoKeysUnderOneId) {
  Key unmediated = UnmediatedKey();
  unmediated.id = DskeKey().id;
  EXPECT_TRUE(absl::IsInvalidArgument(
      MixKeys(DskeKey(), std::move(unmediated)).status()));
}

}  // namespace
}  // namespace skex
