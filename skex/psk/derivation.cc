#include "skex/psk/derivation.h"

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

constexpr absl::string_view kIdentityMagic = "skx1";
constexpr size_t kPskSize = 32;

Secret DeriveSecret(const Key& key, uint32_t index, PskForm form) {
  Secret extracted = Secret::OfSize(SHA256_DIGEST_LENGTH);
  size_t extracted_size = 0;
  HKDF_extract(extracted.mutable_view().data(), &extracted_size, EVP_sha256(),
               key.bytes.view().data(), key.bytes.size(), key.id.bytes().data(),
               KeyId::kSize);
  ByteWriter info;
  info.Raw("skex psk").U8(static_cast<uint8_t>(form)).U32(index);
  info.Prefixed(key.terms->initiator.text());
  info.Prefixed(key.terms->responder.text());
  info.Raw(key.terms->policy_hash);
  Secret psk = Secret::OfSize(kPskSize);
  HKDF_expand(psk.mutable_view().data(), kPskSize, EVP_sha256(),
              extracted.view().data(), extracted_size,
              AsBytes(info.bytes()).data(), info.bytes().size());
  return psk;
}

}  // namespace

KeyIds::KeyIds(const ExchangeId& exchange, const AgentId& initiator,
               const AgentId& responder) {
  ByteWriter input;
  input.Raw("skex id").Raw(exchange.bytes());
  input.Prefixed(initiator.text()).Prefixed(responder.text());
  SHA256_Init(&common_);
  SHA256_Update(&common_, input.bytes().data(), input.bytes().size());
}

KeyId KeyIds::OfKey(uint16_t number) const {
  const std::array<uint8_t, 2> suffix = {static_cast<uint8_t>(number >> 8),
                                         static_cast<uint8_t>(number)};
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX context = common_;
  SHA256_Update(&context, suffix.data(), suffix.size());
  SHA256_Final(digest.data(), &context);
  KeyId id;
  std::copy_n(digest.begin(), KeyId::kSize, id.mutable_bytes().begin());
  return id;
}

KeyId ComputeKeyId(const ExchangeId& exchange, const AgentId& initiator,
                   const AgentId& responder, uint16_t number) {
  return KeyIds(exchange, initiator, responder).OfKey(number);
}

std::string EncodePskIdentity(const PskName& name) {
  ByteWriter writer;
  writer.Raw(kIdentityMagic).Raw(name.key.bytes()).U32(name.index);
  return std::move(writer).Take();
}

absl::StatusOr<PskName> ParsePskIdentity(absl::string_view identity) {
  ByteReader reader(AsBytes(identity));
  const bool ours = AsText(reader.Raw(kIdentityMagic.size())) == kIdentityMagic;
  PskName name = {reader.Id16<KeyId>(), reader.U32()};
  absl::Status status = reader.Finish("identity");
  if (!status.ok()) return status;
  if (!ours) return absl::InvalidArgumentError("identity is not of skex");
  return name;
}

std::string PskContext(const Key& key) {
  ByteWriter context;
  context.Prefixed(key.terms->initiator.text());
  context.Prefixed(key.terms->responder.text());
  context.Raw(key.terms->policy_hash);
  return std::move(context).Take();
}

Psk DerivePsk(const Key& key, uint32_t index, PskForm form) {
  Psk psk;
  // What comes out of HKDF is never more than computational.
  const bool derived = key.terms->freshness == Freshness::kDerived;
  psk.secret = derived ? DeriveSecret(key, index, form) : key.bytes.Clone();
  psk.origin = PskOrigin{key.terms->source,
                         derived ? KeyLabel::kComputational : key.terms->label};
  psk.identity = EncodePskIdentity({key.id, index});
  psk.form = form;
  if (form == PskForm::kImported) psk.context = PskContext(key);
  return psk;
}

}  // namespace skex
