#include "skex/ratchet/lane_keys.h"

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <string>
#include <utility>

#include "skex/base/bytes.h"

namespace skex {
namespace {

constexpr absl::string_view kRootSalt = "skex unmediated root";
constexpr absl::string_view kLaneIdLabel = "skex lane id";
constexpr absl::string_view kLaneRootLabel = "skex lane root";
constexpr absl::string_view kLaneGateLabel = "skex lane gate";
constexpr absl::string_view kLaneStaleLabel = "skex lane stale";
constexpr absl::string_view kLeafTag1Label = "skex leaf tag1";
constexpr absl::string_view kLeafTag2Label = "skex leaf tag2";
constexpr absl::string_view kLeafTag3Label = "skex leaf tag3";
constexpr absl::string_view kLeafKeyLabel = "skex leaf key";
constexpr absl::string_view kLeafRerootLabel = "skex leaf reroot";
constexpr absl::string_view kKeyLabel = "unmediated key";
constexpr absl::string_view kExchangeLabel = "skex unmediated exchange";

Secret Extract(absl::Span<const uint8_t> salt,
               absl::Span<const uint8_t> secret) {
  Secret extracted = Secret::OfSize(SHA256_DIGEST_LENGTH);
  size_t size = 0;
  HKDF_extract(extracted.mutable_view().data(), &size, EVP_sha256(),
               secret.data(), secret.size(), salt.data(), salt.size());
  return extracted;
}

void Expand(absl::Span<const uint8_t> extracted, absl::string_view info,
            absl::Span<uint8_t> out) {
  HKDF_expand(out.data(), out.size(), EVP_sha256(), extracted.data(),
              extracted.size(), AsBytes(info).data(), info.size());
}

Secret ExpandKey(absl::Span<const uint8_t> extracted, absl::string_view info,
                 size_t size = kLaneKeySize) {
  Secret key = Secret::OfSize(size);
  Expand(extracted, info, key.mutable_view());
  return key;
}

std::string LabelAndNames(absl::string_view label, const AgentId& initiator,
                          const AgentId& responder) {
  ByteWriter writer;
  writer.Raw(label).Prefixed(initiator.text()).Prefixed(responder.text());
  return std::move(writer).Take();
}

LaneSecrets ExpandLane(const Secret& extracted, const AgentId& initiator,
                       const AgentId& responder) {
  const auto info = [&](absl::string_view label) {
    return LabelAndNames(label, initiator, responder);
  };
  LaneSecrets lane;
  Expand(extracted.view(), info(kLaneIdLabel), lane.id.mutable_bytes());
  lane.root = ExpandKey(extracted.view(), info(kLaneRootLabel));
  lane.gate = ExpandKey(extracted.view(), info(kLaneGateLabel));
  lane.stale = ExpandKey(extracted.view(), info(kLaneStaleLabel));
  return lane;
}

}  // namespace

LanePair SplitRoot(Secret root, const AgentId& self, const AgentId& peer) {
  const Secret extracted = Extract(AsBytes(kRootSalt), root.view());
  return {ExpandLane(extracted, self, peer), ExpandLane(extracted, peer, self)};
}

LaneSecrets RerootLane(const Secret& reroot_key, const Secret& fresh,
                       const AgentId& initiator, const AgentId& responder) {
  return ExpandLane(Extract(reroot_key.view(), fresh.view()), initiator,
                    responder);
}

LeafKeys DeriveLeafKeys(absl::Span<const uint8_t> leaf) {
  return {.tag1 = ExpandKey(leaf, kLeafTag1Label),
          .tag2 = ExpandKey(leaf, kLeafTag2Label),
          .tag3 = ExpandKey(leaf, kLeafTag3Label),
          .key = ExpandKey(leaf, kLeafKeyLabel),
          .reroot = ExpandKey(leaf, kLeafRerootLabel)};
}

RunTag ComputeRunTag(const Secret& key,
                     std::initializer_list<absl::string_view> pieces) {
  RunTag tag{};
  unsigned size = 0;
  bssl::ScopedHMAC_CTX context;
  HMAC_Init_ex(context.get(), key.view().data(), key.size(), EVP_sha256(),
               nullptr);
  for (absl::string_view piece : pieces) {
    HMAC_Update(context.get(), AsBytes(piece).data(), piece.size());
  }
  HMAC_Final(context.get(), tag.data(), &size);
  return tag;
}

std::array<uint8_t, 32> TranscriptHash(absl::string_view m1,
                                       absl::string_view m2) {
  std::array<uint8_t, 32> hash;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, m1.data(), m1.size());
  SHA256_Update(&context, m2.data(), m2.size());
  SHA256_Final(hash.data(), &context);
  return hash;
}

Secret DeriveUnmediatedKey(const Secret& leaf_key, absl::string_view m1,
                           absl::string_view m2, const AgentId& initiator,
                           const AgentId& responder, const PolicyHash& context,
                           uint16_t size) {
  const Secret extracted = Extract(TranscriptHash(m1, m2), leaf_key.view());
  std::string info = LabelAndNames(kKeyLabel, initiator, responder);
  info.append(context.begin(), context.end());
  return ExpandKey(extracted.view(), info, size);
}

ExchangeId UnmediatedExchangeId(absl::string_view m1, absl::string_view m2) {
  ByteWriter writer;
  writer.Raw(kExchangeLabel).Raw(TranscriptHash(m1, m2));
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(AsBytes(writer.bytes()).data(), writer.bytes().size(), digest.data());
  ExchangeId id;
  std::copy_n(digest.begin(), ExchangeId::kSize, id.mutable_bytes().begin());
  return id;
}

}  // namespace skex
