#ifndef TLSBRIDGE_TEST_CERTIFICATE_H_
#define TLSBRIDGE_TEST_CERTIFICATE_H_

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tlsbridge {

// A self-signed certificate and its key, for tests and for comparisons with
// handshakes that use certificates.
struct TestCertificate {
  bssl::UniquePtr<EVP_PKEY> key;
  bssl::UniquePtr<X509> certificate;
};

TestCertificate MakeEcdsaP256Certificate();
TestCertificate MakeRsa2048Certificate();

// Makes `ctx` present `certificate`. Returns whether that worked.
bool UseCertificate(SSL_CTX* ctx, const TestCertificate& certificate);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_TEST_CERTIFICATE_H_
