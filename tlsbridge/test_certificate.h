#ifndef TLSBRIDGE_TEST_CERTIFICATE_H_
#define TLSBRIDGE_TEST_CERTIFICATE_H_

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tlsbridge {

// A certificate and its key, for tests and for comparisons with handshakes that
// use certificates.
struct TestCertificate {
  bssl::UniquePtr<EVP_PKEY> key;
  bssl::UniquePtr<X509> certificate;
};

enum class KeyType { kEcdsaP256, kRsa2048 };

// Returns a new authority: self-signed and allowed to sign others.
TestCertificate MakeAuthority(KeyType type);

// Returns a new certificate that `authority` signed.
TestCertificate MakeCertificate(KeyType type, const TestCertificate& authority);

// Makes `ctx` present `certificate`. Returns whether that worked.
bool UseCertificate(SSL_CTX* ctx, const TestCertificate& certificate);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_TEST_CERTIFICATE_H_
