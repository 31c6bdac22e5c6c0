#include "tlsbridge/credential.h"

#include <openssl/digest.h>
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"

namespace tlsbridge {
namespace {

constexpr size_t kSmallestSecret = 16;  // RFC 9257, section 6: 128 bits
constexpr size_t kLargestString = 65535;

// Both lengths, the protocol and the KDF: an ImportedIdentity is one identity
// on the wire (RFC 9258, section 5.1).
constexpr size_t kImportedFraming = 8;

absl::Status TooLong(const skex::Psk& psk) {
  return absl::InvalidArgumentError(
      absl::StrCat("PSK identity and context have ", psk.identity.size(),
                   " and ", psk.context.size(), " bytes, too many for TLS"));
}

absl::Status Check(const skex::Psk& psk) {
  if (psk.secret.size() < kSmallestSecret) {
    return absl::InvalidArgumentError(
        absl::StrCat("a PSK must have at least ", kSmallestSecret,
                     " bytes, this one has ", psk.secret.size()));
  }
  if (psk.identity.empty() || psk.identity.size() > kLargestString) {
    return absl::InvalidArgumentError(
        absl::StrCat("a PSK identity must have 1 to ", kLargestString,
                     " bytes, this one has ", psk.identity.size()));
  }
  if (psk.context.size() > kLargestString) {
    return absl::InvalidArgumentError(
        absl::StrCat("a PSK context must have at most ", kLargestString,
                     " bytes, this one has ", psk.context.size()));
  }
  if (psk.form == skex::PskForm::kImported &&
      psk.identity.size() + psk.context.size() + kImportedFraming >
          kLargestString) {
    return TooLong(psk);
  }
  if (psk.form == skex::PskForm::kRaw && !psk.context.empty()) {
    return absl::InvalidArgumentError(
        "a raw PSK has no context; only an imported one does");
  }
  return absl::OkStatus();
}

bssl::UniquePtr<SSL_CREDENTIAL> MakeRaw(const skex::Psk& psk,
                                        const EVP_MD* hash) {
#if defined(BORINGSSL_HAS_SKEX_EXTENSIONS)
  const absl::Span<const uint8_t> id = skex::AsBytes(psk.identity);
  return bssl::UniquePtr<SSL_CREDENTIAL>(SSL_CREDENTIAL_new_raw_pre_shared_key(
      psk.secret.view().data(), psk.secret.size(), id.data(), id.size(), hash));
#else
  (void)psk;
  (void)hash;
  return nullptr;
#endif
}

bssl::UniquePtr<SSL_CREDENTIAL> MakeImported(const skex::Psk& psk,
                                             const EVP_MD* hash) {
  const absl::Span<const uint8_t> id = skex::AsBytes(psk.identity);
  const absl::Span<const uint8_t> context = skex::AsBytes(psk.context);
  return bssl::UniquePtr<SSL_CREDENTIAL>(SSL_CREDENTIAL_new_pre_shared_key(
      psk.secret.view().data(), psk.secret.size(), id.data(), id.size(), hash,
      context.data(), context.size()));
}

}  // namespace

absl::StatusOr<bssl::UniquePtr<SSL_CREDENTIAL>> MakeCredential(
    const skex::Psk& psk) {
  const absl::Status checked = Check(psk);
  if (!checked.ok()) return checked;
#if !defined(BORINGSSL_HAS_SKEX_EXTENSIONS)
  if (psk.form == skex::PskForm::kRaw) {
    return absl::UnimplementedError(
        "this TLS library has imported PSKs only, no raw ones");
  }
#endif
  ERR_clear_error();
  const EVP_MD* hash =
      psk.hash == skex::PskHash::kSha384 ? EVP_sha384() : EVP_sha256();
  bssl::UniquePtr<SSL_CREDENTIAL> credential = psk.form == skex::PskForm::kRaw
                                                   ? MakeRaw(psk, hash)
                                                   : MakeImported(psk, hash);
  if (credential == nullptr) {
    ERR_clear_error();
    return TooLong(psk);
  }
  return credential;
}

absl::StatusOr<bssl::UniquePtr<SSL_CREDENTIAL>> MakeUnknownCredential(
    const PskOffer& offer, const skex::Secret& key) {
  skex::Psk psk;
  psk.secret = key.Clone();
  psk.identity = offer.identity;
  psk.context = offer.context;
  psk.form = offer.form;
  // The hash that a known key most likely has: the importer's does not show.
  psk.hash =
      offer.form == skex::PskForm::kRaw ? offer.hash : skex::PskHash::kSha256;
#if !defined(BORINGSSL_HAS_SKEX_EXTENSIONS)
  psk.form = skex::PskForm::kImported;
#endif
  return MakeCredential(psk);
}

}  // namespace tlsbridge
