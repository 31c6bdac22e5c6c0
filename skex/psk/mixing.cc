#include "skex/psk/mixing.h"

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"

namespace skex {
namespace {

constexpr absl::string_view kIdLabel = "skex both id";
constexpr absl::string_view kContextLabel = "skex both context";
constexpr absl::string_view kKeyLabel = "skex both";

using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

Digest HashOf(const ByteWriter& input) {
  Digest digest;
  SHA256(AsBytes(input.bytes()).data(), input.bytes().size(), digest.data());
  return digest;
}

absl::Status Refuse(const KeyId& dske, absl::string_view objection) {
  return absl::InvalidArgumentError(
      absl::StrCat("key ", dske.Hex(), " cannot be mixed: ", objection));
}

Secret MixedBytes(const Key& dske, const Key& unmediated,
                  const KeyTerms& terms) {
  Secret extracted = Secret::OfSize(SHA256_DIGEST_LENGTH);
  size_t extracted_size = 0;
  HKDF_extract(extracted.mutable_view().data(), &extracted_size, EVP_sha256(),
               unmediated.bytes.view().data(), unmediated.bytes.size(),
               dske.bytes.view().data(), dske.bytes.size());
  ByteWriter info;
  info.Raw(kKeyLabel).Raw(dske.id.bytes()).Raw(unmediated.id.bytes());
  info.Prefixed(terms.initiator.text()).Prefixed(terms.responder.text());
  info.Raw(terms.policy_hash);
  Secret mixed = Secret::OfSize(kMixedKeySize);
  HKDF_expand(mixed.mutable_view().data(), mixed.size(), EVP_sha256(),
              extracted.view().data(), extracted_size,
              AsBytes(info.bytes()).data(), info.bytes().size());
  return mixed;
}

}  // namespace

KeyId ComputeMixedKeyId(const KeyId& dske, const KeyId& unmediated,
                        const AgentId& initiator, const AgentId& responder) {
  ByteWriter input;
  input.Raw(kIdLabel).Raw(dske.bytes()).Raw(unmediated.bytes());
  input.Prefixed(initiator.text()).Prefixed(responder.text());
  const Digest digest = HashOf(input);
  KeyId id;
  std::copy_n(digest.begin(), KeyId::kSize, id.mutable_bytes().begin());
  return id;
}

PolicyHash MixedPolicyHash(const PolicyHash& dske,
                           const PolicyHash& unmediated) {
  ByteWriter input;
  input.Raw(kContextLabel).Raw(dske).Raw(unmediated);
  return HashOf(input);
}

absl::Status CheckMixing(const Key& dske, const KeyTerms& unmediated) {
  const KeyTerms& a = *dske.terms;
  const KeyTerms& b = unmediated;
  const auto refuse = [&dske](absl::string_view objection) {
    return Refuse(dske.id, objection);
  };
  if (a.source != KeySource::kDske || b.source != KeySource::kUnmediated) {
    return refuse("want one of DSKE, then an unmediated one");
  }
  if (dske.bytes.size() != kMixedKeySize) return refuse("want 32 bytes");
  if (a.initiator != b.initiator || a.responder != b.responder) {
    return refuse("of different agents, or directions");
  }
  if (a.initiator_boot != b.initiator_boot ||
      a.responder_boot != b.responder_boot) {
    return refuse("an agent has started anew in between");
  }
  if (a.freshness != b.freshness) return refuse("freshness differs");
  if (a.lifetime != b.lifetime) return refuse("lifetime differs");
  if (a.use_limit != b.use_limit) return refuse("use limit differs");
  return absl::OkStatus();
}

absl::StatusOr<Key> MixKeys(Key dske, Key unmediated) {
  // Parameters may live as long as the caller's statement; these end here.
  const Key first = std::move(dske);
  const Key second = std::move(unmediated);
  absl::Status status = CheckMixing(first, *second.terms);
  if (!status.ok()) return status;
  if (second.bytes.size() != kMixedKeySize) {
    return Refuse(first.id, "want 32 unmediated bytes");
  }
  if (first.id == second.id) return Refuse(first.id, "both have this id");
  auto terms = std::make_shared<KeyTerms>(*first.terms);
  terms->source = KeySource::kBoth;
  terms->label = KeyLabel::kComputational;
  terms->policy_hash =
      MixedPolicyHash(first.terms->policy_hash, second.terms->policy_hash);
  Secret bytes = MixedBytes(first, second, *terms);
  const KeyId id = ComputeMixedKeyId(first.id, second.id, terms->initiator,
                                     terms->responder);
  return Key{.id = id, .bytes = std::move(bytes), .terms = std::move(terms)};
}

}  // namespace skex
