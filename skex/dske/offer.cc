#include "skex/dske/offer.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "skex/dske/sharing.h"
#include "skex/psk/derivation.h"
#include "skex/wire/frame.h"

namespace skex {
namespace {

absl::Status Refused(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("offer: ", what));
}

// What both hashes and contexts say of the hub set and the limits.
void EncodeTerms(const Offer& offer, ByteWriter& writer) {
  writer.U8(offer.threshold).U8(static_cast<uint8_t>(offer.hubs.size()));
  for (const HubId& hub : offer.hubs) writer.Prefixed(hub.text());
  writer.U8(static_cast<uint8_t>(offer.freshness))
      .U16(offer.key_bytes)
      .U32(offer.lifetime_seconds)
      .U32(offer.use_limit)
      .U8(static_cast<uint8_t>(offer.source));
}

bool KnownFreshness(uint8_t value) {
  return value >= static_cast<uint8_t>(Freshness::kDerived) &&
         value <= static_cast<uint8_t>(Freshness::kDelivery);
}

absl::StatusOr<std::vector<HubId>> ParseHubs(ByteReader& reader) {
  const uint8_t count = reader.U8();
  if (count < 1 || count > kMostHubs) return Refused("number of hubs");
  std::vector<HubId> hubs;
  Gf128 last;  // zero is no hub's
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<HubId> hub = HubId::Parse(reader.Prefixed());
    if (!hub.ok()) return hub.status();
    const Gf128 x = ShareX(*hub);
    if (!(last < x)) return Refused("hubs are not in order");
    last = x;
    hubs.push_back(*std::move(hub));
  }
  return hubs;
}

}  // namespace

bool BeforeByShareX(const HubId& a, const HubId& b) {
  return ShareX(a).ToBytes() < ShareX(b).ToBytes();
}

void Offer::Encode(ByteWriter& writer) const {
  writer.Raw(exchange.bytes()).Raw(initiator_boot.bytes());
  writer.Prefixed(initiator.text()).Prefixed(responder.text());
  writer.U64(static_cast<uint64_t>(absl::ToUnixSeconds(expiry)));
  EncodeTerms(*this, writer);
  writer.U16(key_count());
  for (const KeyTagBytes& tag : tags) writer.Raw(tag);
}

absl::StatusOr<Offer> Offer::Parse(ByteReader& reader) {
  const ExchangeId exchange = reader.Id16<ExchangeId>();
  const BootId boot = reader.Id16<BootId>();
  absl::StatusOr<AgentId> initiator = AgentId::Parse(reader.Prefixed());
  if (!initiator.ok()) return initiator.status();
  absl::StatusOr<AgentId> responder = AgentId::Parse(reader.Prefixed());
  if (!responder.ok()) return responder.status();
  Offer offer = {.exchange = exchange,
                 .initiator_boot = boot,
                 .initiator = *std::move(initiator),
                 .responder = *std::move(responder)};
  const uint64_t expiry = reader.U64();
  if (expiry > uint64_t{1} << 40) return Refused("expiry");
  offer.expiry = absl::FromUnixSeconds(static_cast<int64_t>(expiry));
  offer.threshold = reader.U8();
  absl::StatusOr<std::vector<HubId>> hubs = ParseHubs(reader);
  if (!hubs.ok()) return hubs.status();
  offer.hubs = *std::move(hubs);
  const uint8_t freshness = reader.U8();
  offer.key_bytes = reader.U16();
  offer.lifetime_seconds = reader.U32();
  offer.use_limit = reader.U32();
  const uint8_t source = reader.U8();
  const uint16_t count = reader.U16();
  if (offer.threshold < 1 || offer.threshold > offer.hubs.size()) {
    return Refused("threshold");
  }
  if (!KnownFreshness(freshness) || !IsPadSource(source)) {
    return Refused("freshness or pad source");
  }
  offer.freshness = static_cast<Freshness>(freshness);
  if (!IsKeySize(offer.key_bytes, offer.freshness)) return Refused("key size");
  if (count < 1 || count > MostKeysOf(offer.key_bytes)) {
    return Refused("number of keys");
  }
  offer.source = static_cast<PadSource>(source);
  offer.tags.resize(count);
  for (KeyTagBytes& tag : offer.tags) reader.Copy(absl::MakeSpan(tag));
  if (!reader.ok()) return Refused("too short");
  return offer;
}

absl::Status Offer::CheckAgainst(const PeerPolicy& policy, const AgentId& self,
                                 absl::Time now) const {
  if (responder != self) return Refused("is for another agent");
  if (initiator != policy.peer) return Refused("is from another agent");
  if (threshold != policy.threshold) {
    return Refused(
        absl::StrCat("threshold ", threshold, ", ours is ", policy.threshold));
  }
  if (hubs.size() < policy.min_hubs) {
    return Refused(
        absl::StrCat(hubs.size(), " hubs, we want at least ", policy.min_hubs));
  }
  // Both are in the same order.
  auto ours = policy.hubs.begin();
  for (const HubId& hub : hubs) {
    ours = std::find(ours, policy.hubs.end(), hub);
    if (ours == policy.hubs.end()) {
      return Refused(absl::StrCat("hub ", hub.text(), " is not one of ours"));
    }
  }
  if (freshness != policy.freshness || key_bytes != policy.key_bytes) {
    return Refused(absl::StrCat("freshness ", FreshnessName(freshness),
                                " with keys of ", key_bytes, " bytes, ours is ",
                                FreshnessName(policy.freshness), " with ",
                                policy.key_bytes));
  }
  if (lifetime_seconds < 1 ||
      absl::Seconds(lifetime_seconds) > policy.key_lifetime) {
    return Refused(absl::StrCat("key_lifetime of ", lifetime_seconds,
                                "s, ours is ",
                                absl::FormatDuration(policy.key_lifetime)));
  }
  if (use_limit < 1 || use_limit > policy.use_limit) {
    return Refused(absl::StrCat("connections_per_key of ", use_limit,
                                ", ours is ", policy.use_limit));
  }
  if (freshness != Freshness::kDerived && use_limit != 1) {
    return Refused(absl::StrCat("connections_per_key of ", use_limit,
                                ", a key of freshness ",
                                FreshnessName(freshness), " has one"));
  }
  if (expiry < now - kClockSkew || expiry > now + kMostExpiry + kClockSkew) {
    return Refused(
        "expiry is not now: the clocks of the agents differ by more than 30s");
  }
  return absl::OkStatus();
}

uint16_t MostKeysOf(uint16_t key_bytes) {
  const ShareLayout one = {1, key_bytes};
  const size_t fixed = one.total_size() - one.key_share_size();
  return static_cast<uint16_t>(std::min<size_t>(
      kMostKeys, (kMostShareBytes - fixed) / one.key_share_size()));
}

PolicyHash ComputePolicyHash(const Offer& offer) {
  ByteWriter terms;
  terms.Raw("skex policy").U16(kWireSuite);
  EncodeTerms(offer, terms);
  PolicyHash hash;
  SHA256(AsBytes(terms.bytes()).data(), terms.bytes().size(), hash.data());
  return hash;
}

std::string TagContext(const Offer& offer, const PolicyHash& policy_hash,
                       const KeyId& key) {
  ByteWriter fields;
  fields.Prefixed("skex key").U16(kWireSuite).Raw(key.bytes());
  fields.Raw(offer.exchange.bytes()).Raw(offer.initiator_boot.bytes());
  fields.Prefixed(offer.initiator.text()).Prefixed(offer.responder.text());
  fields.U64(static_cast<uint64_t>(absl::ToUnixSeconds(offer.expiry)));
  EncodeTerms(offer, fields);
  fields.U16(offer.key_count()).Raw(policy_hash);
  ByteWriter context;
  context.U32(static_cast<uint32_t>(fields.bytes().size()));
  context.Raw(fields.bytes());
  return std::move(context).Take();
}

}  // namespace skex
