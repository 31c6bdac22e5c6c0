#ifndef TLSBRIDGE_CREDENTIAL_H_
#define TLSBRIDGE_CREDENTIAL_H_

#include <openssl/ssl.h>

#include "absl/status/statusor.h"
#include "skex/base/secret.h"
#include "skex/psk/psk.h"
#include "tlsbridge/psk_offer.h"

#if !defined(OPENSSL_IS_BORINGSSL)
#error "tlsbridge needs BoringSSL's headers; OpenSSL's were found instead"
#endif

namespace tlsbridge {

// Returns BoringSSL's form of `psk`, which then holds the secrets and wipes
// them when it is freed. Returns INVALID_ARGUMENT if the secret is under 16
// bytes, if identity or context are too long or the identity is empty, or if a
// raw PSK has a context; UNIMPLEMENTED for a raw PSK if the library has only
// imported ones.
absl::StatusOr<bssl::UniquePtr<SSL_CREDENTIAL>> MakeCredential(
    const skex::Psk& psk);

// Returns a credential that fits `offer` but has `key`, which no client knows.
// A handshake with it fails as one with a wrong key does, after the same work.
absl::StatusOr<bssl::UniquePtr<SSL_CREDENTIAL>> MakeUnknownCredential(
    const PskOffer& offer, const skex::Secret& key);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_CREDENTIAL_H_
