#include "skex/dske/shared_secret.h"

#include <algorithm>
#include <memory>
#include <string>

#include "skex/base/bytes.h"
#include "skex/dske/tag.h"
#include "skex/psk/derivation.h"

namespace skex {
namespace {

constexpr size_t kElement = ShareLayout::kElement;

absl::Span<const uint8_t> KeyShare(const Offer& offer,
                                   absl::Span<const uint8_t> secret,
                                   uint16_t number) {
  const size_t size = LayoutOf(offer).key_share_size();
  return secret.subspan(number * size, size);
}

KeyIds KeyIdsOf(const Offer& offer) {
  return KeyIds(offer.exchange, offer.initiator, offer.responder);
}

// Makes the tags of one secret. Of their contexts only the key id changes.
class Tagger {
 public:
  // Both must outlive the tagger.
  Tagger(const Offer& offer, absl::Span<const uint8_t> secret)
      : offer_(offer),
        secret_(secret),
        ids_(KeyIdsOf(offer)),
        context_(TagContext(offer, ComputePolicyHash(offer), KeyId())) {}

  KeyTagBytes Tag(uint16_t number) {
    const KeyId id = ids_.OfKey(number);
    std::copy(id.bytes().begin(), id.bytes().end(),
              context_.begin() + kTagContextKeyId);
    const absl::Span<const uint8_t> share = KeyShare(offer_, secret_, number);
    return KeyTag(Gf128::FromBytes(share.subspan(0, kElement)),
                  Gf128::FromBytes(share.subspan(kElement, kElement)),
                  Gf128::FromBytes(share.subspan(2 * kElement, kElement)),
                  AsBytes(context_),
                  {ConfirmationKey(offer_, secret_),
                   share.subspan(3 * kElement, offer_.key_bytes)})
        .ToBytes();
  }

 private:
  const Offer& offer_;
  const absl::Span<const uint8_t> secret_;
  const KeyIds ids_;
  std::string context_;
};

}  // namespace

std::vector<KeyTagBytes> ComputeKeyTags(const Offer& offer,
                                        absl::Span<const uint8_t> secret) {
  Tagger tagger(offer, secret);
  std::vector<KeyTagBytes> tags(offer.key_count());
  for (uint16_t i = 0; i < offer.key_count(); ++i) tags[i] = tagger.Tag(i);
  return tags;
}

bool KeyTagsVerify(const Offer& offer, absl::Span<const uint8_t> secret) {
  Tagger tagger(offer, secret);
  for (uint16_t i = 0; i < offer.key_count(); ++i) {
    if (!EqualInConstantTime(tagger.Tag(i), offer.tags[i])) return false;
  }
  return true;
}

absl::Span<const uint8_t> ConfirmationKey(const Offer& offer,
                                          absl::Span<const uint8_t> secret) {
  return secret.subspan(offer.key_count() * LayoutOf(offer).key_share_size(),
                        2 * kElement);
}

std::vector<Key> ExtractKeys(const Offer& offer,
                             absl::Span<const uint8_t> secret,
                             const BootId& responder_boot,
                             PadSource responder_source) {
  const bool physical = offer.source == PadSource::kPhysical &&
                        responder_source == PadSource::kPhysical;
  const auto terms = std::make_shared<const KeyTerms>(
      KeyTerms{.initiator = offer.initiator,
               .responder = offer.responder,
               .initiator_boot = offer.initiator_boot,
               .responder_boot = responder_boot,
               .source = KeySource::kDske,
               .label = physical ? KeyLabel::kInformationTheoretic
                                 : KeyLabel::kComputational,
               .freshness = offer.freshness,
               .policy_hash = ComputePolicyHash(offer),
               .lifetime = absl::Seconds(offer.lifetime_seconds),
               .use_limit = offer.use_limit,
               .hubs = offer.hubs,
               .threshold = offer.threshold});
  const KeyIds ids = KeyIdsOf(offer);
  std::vector<Key> keys;
  keys.reserve(offer.key_count());
  for (uint16_t i = 0; i < offer.key_count(); ++i) {
    keys.push_back(
        {.id = ids.OfKey(i),
         .bytes = Secret::CopyOf(
             KeyShare(offer, secret, i).subspan(3 * kElement, offer.key_bytes)),
         .terms = terms});
  }
  return keys;
}

}  // namespace skex
