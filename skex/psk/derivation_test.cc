#include "skex/psk/derivation.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

// The vectors come from a second implementation, with Python's hashlib and
// hmac only:
//   p = lambda s: struct.pack('>H', len(s)) + s
//   kid = sha256(b'skex id' + bytes(range(16)) + p(ini) + p(res)
//                + struct.pack('>H', 3)).digest()[:16]
//   prk = hmac_sha256(kid, bytes(range(0x40, 0x60)))
//   psk = hmac_sha256(prk, b'skex psk' + bytes([form]) + struct.pack('>I', 7)
//                     + p(ini) + p(res) + b'\x77' * 32 + b'\x01')
constexpr char kKeyIdHex[] = "82ed0b0c2e689ce9afa92f6178268515";
constexpr char kImportedHex[] =
    "7b5c21044b164c510b4fbacfae6c981128f731891509da80adaff2214978bc42";
constexpr char kRawHex[] =
    "54fc0cdd9fe2a2ec8b0e3b93fd9c67f41cfdbffe15c85904480e9908cfd1d00f";

AgentId Alice() { return *AgentId::Parse("alice@north.example"); }
AgentId Bob() { return *AgentId::Parse("bob@south.example"); }

ExchangeId SomeExchange() {
  ExchangeId id;
  for (uint8_t i = 0; i < 16; ++i) id.mutable_bytes()[i] = i;
  return id;
}

KeyTerms SomeTerms() {
  KeyTerms terms = {.initiator = Alice(), .responder = Bob()};
  terms.policy_hash.fill(0x77);
  terms.use_limit = 100;
  return terms;
}

Key SomeKey(const KeyTerms& terms = SomeTerms()) {
  Key key = {.id = ComputeKeyId(SomeExchange(), Alice(), Bob(), 3),
             .bytes = Secret::OfSize(32),
             .terms = std::make_shared<KeyTerms>(terms)};
  for (uint8_t i = 0; i < 32; ++i) key.bytes.mutable_view()[i] = 0x40 + i;
  return key;
}

std::string Hex(absl::Span<const uint8_t> bytes) {
  return absl::BytesToHexString(AsText(bytes));
}

TEST(DerivationTest, KeyIdMatchesItsVector) {
  EXPECT_EQ(ComputeKeyId(SomeExchange(), Alice(), Bob(), 3).Hex(), kKeyIdHex);
}

TEST(DerivationTest, KeyIdsOfAnExchangeAreThoseOfItsKeys) {
  // Names of all sizes, so that what is hashed once ends anywhere in a block.
  for (size_t size = 1; size < 100; ++size) {
    const AgentId peer = *AgentId::Parse(std::string(size, 'p') + "@x.example");
    const KeyIds ids(SomeExchange(), Alice(), peer);
    for (uint16_t number : {0, 3, 0x1234}) {
      EXPECT_EQ(ids.OfKey(number),
                ComputeKeyId(SomeExchange(), Alice(), peer, number));
    }
  }
}

TEST(DerivationTest, KeyIdDependsOnDirectionAndNumber) {
  const KeyId id = ComputeKeyId(SomeExchange(), Alice(), Bob(), 3);
  EXPECT_NE(id, ComputeKeyId(SomeExchange(), Bob(), Alice(), 3));
  EXPECT_NE(id, ComputeKeyId(SomeExchange(), Alice(), Bob(), 4));
}

TEST(DerivationTest, DerivedPsksMatchTheirVectors) {
  EXPECT_EQ(Hex(DerivePsk(SomeKey(), 7, PskForm::kImported).secret.view()),
            kImportedHex);
  EXPECT_EQ(Hex(DerivePsk(SomeKey(), 7, PskForm::kRaw).secret.view()), kRawHex);
}

TEST(DerivationTest, EveryIndexHasItsOwnPsk) {
  EXPECT_NE(Hex(DerivePsk(SomeKey(), 0, PskForm::kImported).secret.view()),
            Hex(DerivePsk(SomeKey(), 1, PskForm::kImported).secret.view()));
}

TEST(DerivationTest, SwappedRolesGiveAnotherPskAndContext) {
  KeyTerms terms = SomeTerms();
  std::swap(terms.initiator, terms.responder);
  const Key swapped = SomeKey(terms);
  EXPECT_NE(Hex(DerivePsk(SomeKey(), 0, PskForm::kImported).secret.view()),
            Hex(DerivePsk(swapped, 0, PskForm::kImported).secret.view()));
  EXPECT_NE(PskContext(SomeKey()), PskContext(swapped));
}

TEST(DerivationTest, ExchangeFreshnessUsesTheKeyItself) {
  KeyTerms terms = SomeTerms();
  terms.freshness = Freshness::kExchange;
  const Key key = SomeKey(terms);
  EXPECT_EQ(Hex(DerivePsk(key, 0, PskForm::kImported).secret.view()),
            Hex(key.bytes.view()));
}

TEST(DerivationTest, OnlyAKeyThatIsThePskKeepsItsLabel) {
  KeyTerms terms = SomeTerms();
  terms.source = KeySource::kDske;
  terms.label = KeyLabel::kInformationTheoretic;
  terms.freshness = Freshness::kExchange;
  EXPECT_EQ(DerivePsk(SomeKey(terms), 0, PskForm::kImported).origin->label,
            KeyLabel::kInformationTheoretic);
  terms.freshness = Freshness::kDerived;
  terms.source = KeySource::kBoth;
  const Psk psk = DerivePsk(SomeKey(terms), 0, PskForm::kImported);
  EXPECT_EQ(psk.origin->label, KeyLabel::kComputational);
  EXPECT_EQ(psk.origin->source, KeySource::kBoth);
}

TEST(DerivationTest, IdentityRoundTrips) {
  const PskName name = {SomeKey().id, 0x01020304};
  const std::string identity = EncodePskIdentity(name);
  EXPECT_EQ(identity.size(), kPskIdentitySize);
  EXPECT_EQ(*ParsePskIdentity(identity), name);
}

TEST(DerivationTest, RefusesEveryOtherIdentity) {
  const std::string identity = EncodePskIdentity({SomeKey().id, 1});
  for (size_t size = 0; size < identity.size(); ++size) {
    EXPECT_FALSE(ParsePskIdentity(identity.substr(0, size)).ok());
  }
  EXPECT_FALSE(ParsePskIdentity(identity + "x").ok());
  EXPECT_FALSE(ParsePskIdentity("skx2" + identity.substr(4)).ok());
}

TEST(DerivationTest, OnlyImportedPsksCarryAContext) {
  EXPECT_EQ(DerivePsk(SomeKey(), 0, PskForm::kImported).context,
            PskContext(SomeKey()));
  EXPECT_EQ(DerivePsk(SomeKey(), 0, PskForm::kRaw).context, "");
}

}  // namespace
}  // namespace skex
