#include "skex/dske/offer.h"

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/fake_dealing.h"

namespace skex {
namespace {

using Change = std::function<void(Offer&)>;

Offer Good() {
  Offer offer = FakeOffer(FakePolicy(Alice(), 3, 5), 2);
  offer.tags[0].fill(0xaa);
  offer.tags[1].fill(0xbb);
  return offer;
}

Offer Changed(const Change& change) {
  Offer offer = Good();
  change(offer);
  return offer;
}

std::string Encoded(const Offer& offer) {
  ByteWriter writer;
  offer.Encode(writer);
  return std::move(writer).Take();
}

absl::StatusOr<Offer> Parsed(const std::string& bytes) {
  ByteReader reader(AsBytes(bytes));
  return Offer::Parse(reader);
}

// One change of each field that is agreed.
std::vector<Change> TermChanges() {
  return {
      [](Offer& o) { o.threshold = 2; },
      [](Offer& o) { o.hubs.pop_back(); },
      [](Offer& o) { o.hubs[4] = NumberedHub(77); },
      [](Offer& o) { o.freshness = Freshness::kExchange; },
      [](Offer& o) { o.key_bytes = 48; },
      [](Offer& o) { ++o.lifetime_seconds; },
      [](Offer& o) { --o.use_limit; },
      [](Offer& o) { o.source = PadSource::kPhysical; },
  };
}

// One change of each other field that a key is bound to.
std::vector<Change> ContextChanges() {
  return {
      [](Offer& o) { o.exchange.mutable_bytes()[15] ^= 1; },
      [](Offer& o) { o.initiator_boot.mutable_bytes()[15] ^= 1; },
      [](Offer& o) { o.initiator = Carol(); },
      [](Offer& o) { o.responder = Carol(); },
      [](Offer& o) { o.expiry += absl::Seconds(1); },
      [](Offer& o) { o.tags.resize(3); },
      [](Offer& o) { std::swap(o.initiator, o.responder); },
  };
}

TEST(OfferTest, RoundTrips) {
  const std::string bytes = Encoded(Good());
  absl::StatusOr<Offer> offer = Parsed(bytes);
  ASSERT_TRUE(offer.ok()) << offer.status();
  EXPECT_EQ(Encoded(*offer), bytes);
  EXPECT_EQ(offer->exchange, Good().exchange);
  EXPECT_EQ(offer->initiator_boot, Good().initiator_boot);
  EXPECT_EQ(offer->initiator, Alice());
  EXPECT_EQ(offer->responder, Bob());
  EXPECT_EQ(offer->threshold, 3);
  EXPECT_EQ(offer->hubs, Good().hubs);
  EXPECT_EQ(offer->expiry, Good().expiry);
  EXPECT_EQ(offer->freshness, Freshness::kDerived);
  EXPECT_EQ(offer->key_bytes, 32);
  EXPECT_EQ(offer->lifetime_seconds, 3600u);
  EXPECT_EQ(offer->use_limit, kMostUses);
  EXPECT_EQ(offer->source, PadSource::kGenerator);
  EXPECT_EQ(offer->tags, Good().tags);
}

TEST(OfferTest, CarriesEveryPadSource) {
  for (PadSource source :
       {PadSource::kPhysical, PadSource::kGenerator, PadSource::kStretch}) {
    Offer wrote = Good();
    wrote.source = source;
    absl::StatusOr<Offer> offer = Parsed(Encoded(wrote));
    ASSERT_TRUE(offer.ok()) << offer.status();
    EXPECT_EQ(offer->source, source);
  }
}

TEST(OfferTest, EveryTruncationIsRefused) {
  const std::string bytes = Encoded(Good());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Parsed(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << size;
  }
}

TEST(OfferTest, WhatFollowsStaysInTheReader) {
  const std::string bytes = Encoded(Good()) + "rest";
  ByteReader reader(AsBytes(bytes));
  ASSERT_TRUE(Offer::Parse(reader).ok());
  EXPECT_EQ(AsText(reader.Raw(4)), "rest");
}

TEST(OfferTest, FieldsOutOfRangeAreRefused) {
  const std::vector<std::pair<std::string, Change>> cases = {
      {"threshold", [](Offer& o) { o.threshold = 0; }},
      {"threshold", [](Offer& o) { o.threshold = 6; }},
      {"number of hubs", [](Offer& o) { o.hubs.clear(); }},
      {"number of hubs",
       [](Offer& o) { o.hubs = FakePolicy(Bob(), 3, 33).hubs; }},
      {"hubs are not in order",
       [](Offer& o) { std::swap(o.hubs[1], o.hubs[2]); }},
      {"hubs are not in order", [](Offer& o) { o.hubs[1] = o.hubs[0]; }},
      {"freshness or pad source",
       [](Offer& o) { o.freshness = static_cast<Freshness>(0); }},
      {"freshness or pad source",
       [](Offer& o) { o.freshness = static_cast<Freshness>(4); }},
      {"freshness or pad source",
       [](Offer& o) { o.source = static_cast<PadSource>(0); }},
      {"freshness or pad source",
       [](Offer& o) { o.source = static_cast<PadSource>(4); }},
      {"key size", [](Offer& o) { o.key_bytes = 0; }},
      {"key size", [](Offer& o) { o.key_bytes = 24; }},
      {"key size", [](Offer& o) { o.key_bytes = 80; }},
      {"key size",
       [](Offer& o) {
         o.freshness = Freshness::kDelivery;
         o.key_bytes = kMostKeyBytes + 16;
       }},
      {"number of keys", [](Offer& o) { o.tags.clear(); }},
      {"number of keys", [](Offer& o) { o.tags.resize(kMostKeys + 1); }},
      {"number of keys",
       [](Offer& o) {
         o.freshness = Freshness::kDelivery;
         o.key_bytes = kMostKeyBytes;
         o.tags.resize(MostKeysOf(kMostKeyBytes) + 1);
       }},
      {"expiry",
       [](Offer& o) { o.expiry = absl::FromUnixSeconds((1LL << 40) + 1); }},
      {"expiry", [](Offer& o) { o.expiry = absl::FromUnixSeconds(-1); }},
  };
  for (const auto& [what, change] : cases) {
    const absl::Status status = Parsed(Encoded(Changed(change))).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "offer: " + what);
  }
}

TEST(OfferTest, LargestOfferRoundTrips) {
  Offer offer = FakeOffer(FakePolicy(Alice(), 2, kMostHubs), kMostKeys);
  offer.key_bytes = 64;
  EXPECT_TRUE(Parsed(Encoded(offer)).ok());
  offer.freshness = Freshness::kDelivery;
  offer.key_bytes = kMostKeyBytes;
  offer.tags.resize(MostKeysOf(kMostKeyBytes));
  EXPECT_TRUE(Parsed(Encoded(offer)).ok());
}

TEST(OfferTest, NamesOfAnotherGrammarAreRefused) {
  for (const char* name : {"alice@north.example", "bob@south.example"}) {
    std::string bytes = Encoded(Good());
    bytes[bytes.find(name)] = 'X';
    EXPECT_EQ(Parsed(bytes).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  std::string bytes = Encoded(Good());
  bytes[bytes.find(Good().hubs[0].text())] = ' ';
  EXPECT_EQ(Parsed(bytes).status().code(), absl::StatusCode::kInvalidArgument);
}

// --- What bob's policy says ---

// The text of the rule that the changed offer breaks; empty if none.
std::string Broken(const Change& change) {
  const absl::Status status = Changed(change).CheckAgainst(
      FakePolicy(Alice(), 3, 5), Bob(), TestStart().wall);
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(OfferTest, OfferWithinThePolicyPasses) {
  EXPECT_EQ(Broken([](Offer&) {}), "");
  EXPECT_EQ(
      Broken([](Offer& o) { o.hubs.erase(o.hubs.begin() + 3, o.hubs.end()); }),
      "");
  EXPECT_EQ(Broken([](Offer& o) { o.lifetime_seconds = 1; }), "");
  EXPECT_EQ(Broken([](Offer& o) { o.use_limit = 1; }), "");
}

TEST(OfferTest, OtherAgentsAreRefused) {
  EXPECT_EQ(Broken([](Offer& o) { o.responder = Carol(); }),
            "offer: is for another agent");
  EXPECT_EQ(Broken([](Offer& o) { o.initiator = Carol(); }),
            "offer: is from another agent");
}

TEST(OfferTest, OtherThresholdIsRefused) {
  EXPECT_EQ(Broken([](Offer& o) { o.threshold = 2; }),
            "offer: threshold 2, ours is 3");
  EXPECT_EQ(Broken([](Offer& o) { o.threshold = 4; }),
            "offer: threshold 4, ours is 3");
}

TEST(OfferTest, OtherHubSetsAreRefused) {
  PeerPolicy policy = FakePolicy(Alice(), 3, 5);
  policy.min_hubs = 4;
  const Offer few =
      Changed([](Offer& o) { o.hubs.erase(o.hubs.begin() + 3, o.hubs.end()); });
  EXPECT_EQ(few.CheckAgainst(policy, Bob(), TestStart().wall).message(),
            "offer: 3 hubs, we want at least 4");
  EXPECT_EQ(Broken([](Offer& o) { o.hubs[0] = NumberedHub(77); }),
            "offer: hub hub77@op77.example is not one of ours");
}

TEST(OfferTest, OtherKeysAreRefused) {
  EXPECT_EQ(Broken([](Offer& o) {
              o.freshness = Freshness::kExchange;
              o.use_limit = 1;
            }),
            "offer: freshness exchange with keys of 32 bytes, ours is derived "
            "with 32");
  EXPECT_EQ(Broken([](Offer& o) { o.key_bytes = 16; }),
            "offer: freshness derived with keys of 16 bytes, ours is derived "
            "with 32");
}

TEST(OfferTest, LimitsAboveOursAreRefused) {
  EXPECT_EQ(Broken([](Offer& o) { o.lifetime_seconds = 0; }),
            "offer: key_lifetime of 0s, ours is 1h");
  EXPECT_EQ(Broken([](Offer& o) { o.lifetime_seconds = 3601; }),
            "offer: key_lifetime of 3601s, ours is 1h");
  EXPECT_EQ(Broken([](Offer& o) { o.use_limit = 0; }),
            "offer: connections_per_key of 0, ours is 1048576");
  EXPECT_EQ(Broken([](Offer& o) { o.use_limit = kMostUses + 1; }),
            "offer: connections_per_key of 1048577, ours is 1048576");
}

TEST(OfferTest, KeyOfOneConnectionHasOneUse) {
  PeerPolicy policy = FakePolicy(Alice(), 3, 5);
  policy.freshness = Freshness::kExchange;
  Offer offer = FakeOffer(policy, 1);
  offer.use_limit = 1;
  EXPECT_TRUE(offer.CheckAgainst(policy, Bob(), TestStart().wall).ok());
  offer.use_limit = 2;
  EXPECT_EQ(offer.CheckAgainst(policy, Bob(), TestStart().wall).message(),
            "offer: connections_per_key of 2, a key of freshness exchange has "
            "one");
}

TEST(OfferTest, ExpiryIsComparedWithinTheSkew) {
  const std::string text =
      "offer: expiry is not now: the clocks of the agents differ by more than "
      "30s";
  const absl::Time now = TestStart().wall;
  const absl::Time first = now - kClockSkew;
  const absl::Time last = now + kMostExpiry + kClockSkew;
  const auto expiring = [](absl::Time time) {
    return Broken([time](Offer& o) { o.expiry = time; });
  };
  EXPECT_EQ(expiring(first), "");
  EXPECT_EQ(expiring(last), "");
  EXPECT_EQ(expiring(first - absl::Seconds(1)), text);
  EXPECT_EQ(expiring(last + absl::Seconds(1)), text);
}

// --- What keys are bound to ---

TEST(OfferTest, PolicyHashDependsOnEveryTerm) {
  std::set<PolicyHash> seen = {ComputePolicyHash(Good())};
  for (const Change& change : TermChanges()) {
    EXPECT_TRUE(seen.insert(ComputePolicyHash(Changed(change))).second);
  }
}

TEST(OfferTest, PolicyHashIsTheSameForEveryExchange) {
  for (const Change& change : ContextChanges()) {
    EXPECT_EQ(ComputePolicyHash(Changed(change)), ComputePolicyHash(Good()));
  }
}

TEST(OfferTest, TagContextDependsOnEveryField) {
  const PolicyHash hash = ComputePolicyHash(Good());
  const KeyId key({1}), another({2});
  std::set<std::string> seen = {TagContext(Good(), hash, key)};
  EXPECT_TRUE(seen.insert(TagContext(Good(), hash, another)).second);
  PolicyHash other = hash;
  other[31] ^= 1;
  EXPECT_TRUE(seen.insert(TagContext(Good(), other, key)).second);
  for (const auto& changes : {TermChanges(), ContextChanges()}) {
    for (const Change& change : changes) {
      EXPECT_TRUE(seen.insert(TagContext(Changed(change), hash, key)).second);
    }
  }
}

TEST(OfferTest, TagContextBeginsWithItsLength) {
  const Offer offer = Good();
  const std::string context =
      TagContext(offer, ComputePolicyHash(offer), KeyId({1}));
  ByteReader reader(AsBytes(context));
  EXPECT_EQ(reader.U32(), context.size() - 4);
  EXPECT_EQ(AsBytes(context).subspan(kTagContextKeyId, KeyId::kSize),
            absl::MakeConstSpan(KeyId({1}).bytes()));
}

TEST(OfferTest, LayoutCountsTheConfirmationOnce) {
  EXPECT_EQ((ShareLayout{1, 32}.total_size()), 112u);
  EXPECT_EQ((ShareLayout{256, 64}.total_size()), 256u * 112u + 32u);
}

}  // namespace
}  // namespace skex
