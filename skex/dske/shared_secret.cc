#include "skex/dske/shared_secret.h"

#include <algorithm>
#include <utility>

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

KeyTagBytes ComputeKeyTag(const Offer& offer, const PolicyHash& policy_hash,
                          absl::Span<const uint8_t> secret, uint16_t number) {
  const absl::Span<const uint8_t> share = KeyShare(offer, secret, number);
  const std::string context = TagContext(offer, policy_hash, number);
  const absl::Span<const uint8_t> confirmation = ConfirmationKey(offer, secret);
  Secret tagged = Secret::OfSize(2 * kElement + offer.key_bytes);
  auto rest = std::copy(confirmation.begin(), confirmation.end(),
                        tagged.mutable_view().begin());
  std::copy_n(share.begin() + 3 * kElement, offer.key_bytes, rest);
  return KeyTag(Gf128::FromBytes(share.subspan(0, kElement)),
                Gf128::FromBytes(share.subspan(kElement, kElement)),
                Gf128::FromBytes(share.subspan(2 * kElement, kElement)),
                AsBytes(context), tagged.view())
      .ToBytes();
}

}  // namespace

std::vector<KeyTagBytes> ComputeKeyTags(const Offer& offer,
                                        absl::Span<const uint8_t> secret) {
  const PolicyHash policy_hash = ComputePolicyHash(offer);
  std::vector<KeyTagBytes> tags(offer.key_count());
  for (uint16_t i = 0; i < offer.key_count(); ++i) {
    tags[i] = ComputeKeyTag(offer, policy_hash, secret, i);
  }
  return tags;
}

bool KeyTagsVerify(const Offer& offer, absl::Span<const uint8_t> secret) {
  const PolicyHash policy_hash = ComputePolicyHash(offer);
  for (uint16_t i = 0; i < offer.key_count(); ++i) {
    if (!EqualInConstantTime(ComputeKeyTag(offer, policy_hash, secret, i),
                             offer.tags[i])) {
      return false;
    }
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
  const PolicyHash policy_hash = ComputePolicyHash(offer);
  std::vector<Key> keys;
  keys.reserve(offer.key_count());
  for (uint16_t i = 0; i < offer.key_count(); ++i) {
    keys.push_back(
        {.id =
             ComputeKeyId(offer.exchange, offer.initiator, offer.responder, i),
         .bytes = Secret::CopyOf(
             KeyShare(offer, secret, i).subspan(3 * kElement, offer.key_bytes)),
         .initiator = offer.initiator,
         .responder = offer.responder,
         .initiator_boot = offer.initiator_boot,
         .responder_boot = responder_boot,
         .source = KeySource::kDske,
         .label = physical ? KeyLabel::kInformationTheoretic
                           : KeyLabel::kComputational,
         .freshness = offer.freshness,
         .policy_hash = policy_hash,
         .lifetime = absl::Seconds(offer.lifetime_seconds),
         .use_limit = offer.use_limit,
         .hubs = offer.hubs,
         .threshold = offer.threshold});
  }
  return keys;
}

}  // namespace skex
