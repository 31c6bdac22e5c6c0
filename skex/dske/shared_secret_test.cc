#include "skex/dske/shared_secret.h"

#include <functional>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/dske/fake_dealing.h"
#include "skex/psk/derivation.h"

namespace skex {
namespace {

constexpr uint16_t kKeys = 2;
constexpr size_t kKeyShare = 3 * 16 + 32;  // c, d, e, v

FakeDealing Dealt() {
  return FakeDealing(FakeOffer(FakePolicy(Alice(), 2, 3), kKeys), 3);
}

TEST(SharedSecretTest, TagsOfTheSecretVerify) {
  const FakeDealing dealing = Dealt();
  EXPECT_EQ(dealing.offer.tags.size(), kKeys);
  EXPECT_TRUE(KeyTagsVerify(dealing.offer, dealing.secret.view()));
}

TEST(SharedSecretTest, EveryBitOfTheSecretIsBound) {
  FakeDealing dealing = Dealt();
  for (size_t bit = 0; bit < dealing.secret.size() * 8; ++bit) {
    const uint8_t flip = static_cast<uint8_t>(1 << bit % 8);
    dealing.secret.mutable_view()[bit / 8] ^= flip;
    EXPECT_FALSE(KeyTagsVerify(dealing.offer, dealing.secret.view())) << bit;
    dealing.secret.mutable_view()[bit / 8] ^= flip;
  }
}

TEST(SharedSecretTest, EveryTagIsBoundToTheConfirmationKey) {
  FakeDealing dealing = Dealt();
  // The last bit of g.
  dealing.secret.mutable_view()[dealing.secret.size() - 1] ^= 1;
  const std::vector<KeyTagBytes> bent =
      ComputeKeyTags(dealing.offer, dealing.secret.view());
  for (uint16_t i = 0; i < kKeys; ++i) {
    EXPECT_NE(bent[i], dealing.offer.tags[i]);
  }
}

TEST(SharedSecretTest, EveryTagIsBoundToItsKeyOnly) {
  FakeDealing dealing = Dealt();
  dealing.secret.mutable_view()[kKeyShare + 3 * 16] ^= 1;
  const std::vector<KeyTagBytes> bent =
      ComputeKeyTags(dealing.offer, dealing.secret.view());
  EXPECT_EQ(bent[0], dealing.offer.tags[0]);
  EXPECT_NE(bent[1], dealing.offer.tags[1]);
}

TEST(SharedSecretTest, EveryBitOfATagCounts) {
  FakeDealing dealing = Dealt();
  for (KeyTagBytes& tag : dealing.offer.tags) {
    for (size_t bit = 0; bit < 128; ++bit) {
      const uint8_t flip = static_cast<uint8_t>(1 << bit % 8);
      tag[bit / 8] ^= flip;
      EXPECT_FALSE(KeyTagsVerify(dealing.offer, dealing.secret.view()));
      tag[bit / 8] ^= flip;
    }
  }
}

TEST(SharedSecretTest, TagsAreBoundToTheOffer) {
  const std::vector<std::function<void(Offer&)>> changes = {
      [](Offer& o) { o.exchange.mutable_bytes()[0] ^= 1; },
      [](Offer& o) { o.initiator_boot.mutable_bytes()[0] ^= 1; },
      [](Offer& o) { o.initiator = Carol(); },
      [](Offer& o) { o.responder = Carol(); },
      [](Offer& o) { o.threshold = 1; },
      [](Offer& o) { o.hubs.pop_back(); },
      [](Offer& o) { o.expiry += absl::Seconds(1); },
      [](Offer& o) { o.freshness = Freshness::kExchange; },
      [](Offer& o) { ++o.lifetime_seconds; },
      [](Offer& o) { --o.use_limit; },
      [](Offer& o) { o.source = PadSource::kPhysical; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    FakeDealing dealing = Dealt();
    changes[i](dealing.offer);
    EXPECT_FALSE(KeyTagsVerify(dealing.offer, dealing.secret.view())) << i;
  }
}

TEST(SharedSecretTest, KeysDoNotChangePlaces) {
  FakeDealing dealing = Dealt();
  const absl::Span<uint8_t> secret = dealing.secret.mutable_view();
  std::swap_ranges(secret.begin(), secret.begin() + kKeyShare,
                   secret.begin() + kKeyShare);
  std::swap(dealing.offer.tags[0], dealing.offer.tags[1]);
  EXPECT_FALSE(KeyTagsVerify(dealing.offer, dealing.secret.view()));
}

TEST(SharedSecretTest, ConfirmationKeyStandsBehindTheKeys) {
  const FakeDealing dealing = Dealt();
  const absl::Span<const uint8_t> key =
      ConfirmationKey(dealing.offer, dealing.secret.view());
  EXPECT_EQ(AsText(key), AsText(dealing.secret.view().subspan(2 * kKeyShare)));
  EXPECT_EQ(key.size(), 32u);
}

TEST(SharedSecretTest, ExtractsTheKeysAndWhatIsAgreed) {
  const FakeDealing dealing = Dealt();
  const Offer& offer = dealing.offer;
  const std::vector<Key> keys = ExtractKeys(offer, dealing.secret.view(),
                                            BootId({7}), PadSource::kGenerator);
  ASSERT_EQ(keys.size(), kKeys);
  for (uint16_t i = 0; i < kKeys; ++i) {
    EXPECT_EQ(keys[i].id, ComputeKeyId(offer.exchange, Alice(), Bob(), i));
    EXPECT_EQ(
        AsText(keys[i].bytes.view()),
        AsText(dealing.secret.view().subspan(i * kKeyShare + 3 * 16, 32)));
    EXPECT_EQ(keys[i].terms->initiator, Alice());
    EXPECT_EQ(keys[i].terms->responder, Bob());
    EXPECT_EQ(keys[i].terms->initiator_boot, offer.initiator_boot);
    EXPECT_EQ(keys[i].terms->responder_boot, BootId({7}));
    EXPECT_EQ(keys[i].terms->freshness, Freshness::kDerived);
    EXPECT_EQ(keys[i].terms->policy_hash, ComputePolicyHash(offer));
    EXPECT_EQ(keys[i].terms->lifetime, absl::Hours(1));
    EXPECT_EQ(keys[i].terms->use_limit, kMostUses);
    EXPECT_EQ(keys[i].terms->hubs, offer.hubs);
    EXPECT_EQ(keys[i].terms->threshold, 2);
  }
}

TEST(SharedSecretTest, LabelIsInformationTheoreticOnlyWithPhysicalPads) {
  constexpr PadSource kSources[] = {PadSource::kPhysical, PadSource::kGenerator,
                                    PadSource::kStretch};
  for (PadSource initiator : kSources) {
    for (PadSource responder : kSources) {
      FakeDealing dealing = Dealt();
      dealing.offer.source = initiator;
      const bool physical = initiator == PadSource::kPhysical &&
                            responder == PadSource::kPhysical;
      EXPECT_EQ(ExtractKeys(dealing.offer, dealing.secret.view(), BootId(),
                            responder)[0]
                    .terms->label,
                physical ? KeyLabel::kInformationTheoretic
                         : KeyLabel::kComputational);
    }
  }
}

}  // namespace
}  // namespace skex
