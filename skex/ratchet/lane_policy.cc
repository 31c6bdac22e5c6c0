#include "skex/ratchet/lane_policy.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/psk/derivation.h"
#include "skex/psk/mixing.h"
#include "skex/ratchet/lane_keys.h"

namespace skex {
namespace {

constexpr absl::string_view kContextLabel = "skex unmediated";

}  // namespace

absl::Status LanePolicy::Check() const {
  const auto refuse = [this](auto&&... what) {
    return absl::InvalidArgumentError(
        absl::StrCat("lane from ", initiator.text(), " to ", responder.text(),
                     ": ", what...));
  };
  if (initiator == responder) return refuse("an agent is no peer of itself");
  if (use != LaneUse::kAlone && key_bytes != kMixedKeySize) {
    return refuse("keys that are mixed have ", kMixedKeySize, " bytes");
  }
  const absl::Status keys =
      CheckKeyPolicy(freshness, key_bytes, key_lifetime, use_limit);
  return keys.ok() ? keys : refuse(keys.message());
}

PolicyHash LanePolicy::ContextHash() const {
  ByteWriter writer;
  writer.Raw(kContextLabel).U16(kLaneSuite);
  writer.Prefixed(initiator.text()).Prefixed(responder.text());
  writer.U8(static_cast<uint8_t>(freshness)).U16(key_bytes);
  writer.U32(static_cast<uint32_t>(absl::ToInt64Seconds(key_lifetime)));
  writer.U32(EffectiveUseLimit()).U8(static_cast<uint8_t>(use));
  PolicyHash hash;
  SHA256(AsBytes(writer.bytes()).data(), writer.bytes().size(), hash.data());
  return hash;
}

std::shared_ptr<const KeyTerms> LanePolicy::Terms(
    const BootId& initiator_boot, const BootId& responder_boot) const {
  return std::make_shared<const KeyTerms>(
      KeyTerms{.initiator = initiator,
               .responder = responder,
               .initiator_boot = initiator_boot,
               .responder_boot = responder_boot,
               .source = KeySource::kUnmediated,
               .label = KeyLabel::kComputational,
               .freshness = freshness,
               .policy_hash = ContextHash(),
               // Whole seconds, as hashed.
               .lifetime = absl::Seconds(absl::ToInt64Seconds(key_lifetime)),
               .use_limit = EffectiveUseLimit()});
}

absl::Status LanePolicy::CheckFreshKey(const Key& key) const {
  const KeyTerms& terms = *key.terms;
  const bool of_this_pair =
      (terms.initiator == initiator && terms.responder == responder) ||
      (terms.initiator == responder && terms.responder == initiator);
  if (terms.source != KeySource::kDske || !of_this_pair ||
      key.bytes.size() < kLaneKeySize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key ", key.id.Hex(), " cannot re-root the lane from ",
        initiator.text(), " to ", responder.text(), ": want ", kLaneKeySize,
        " bytes or more, established by DSKE between these two"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Key> LanePolicy::KeyOfRun(const Secret& leaf_key,
                                         absl::string_view m1,
                                         absl::string_view m2,
                                         const BootId& initiator_boot,
                                         const BootId& responder_boot,
                                         std::optional<Key> dske) const {
  const std::shared_ptr<const KeyTerms> terms =
      Terms(initiator_boot, responder_boot);
  Key key = {
      .id = ComputeKeyId(UnmediatedExchangeId(m1, m2), initiator, responder, 0),
      .bytes = DeriveUnmediatedKey(leaf_key, m1, m2, initiator, responder,
                                   terms->policy_hash, key_bytes),
      .terms = terms};
  if (!dske.has_value()) return key;
  return MixKeys(*std::move(dske), std::move(key));
}

LanePolicy LanePolicy::Reversed() const {
  LanePolicy reversed = *this;
  std::swap(reversed.initiator, reversed.responder);
  return reversed;
}

bool LanePolicy::Allows(RunPurpose purpose) const {
  switch (purpose) {
    case RunPurpose::kKey:
      return use != LaneUse::kMixed;
    case RunPurpose::kMix:
      return use != LaneUse::kAlone;
    case RunPurpose::kReroot:
      return true;
  }
  return false;
}

}  // namespace skex
