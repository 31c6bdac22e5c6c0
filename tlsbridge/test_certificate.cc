#include "tlsbridge/test_certificate.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include <cstdint>
#include <cstdlib>

namespace tlsbridge {
namespace {

// What fails here fails for want of memory.
void Require(bool ok) {
  if (!ok) std::abort();
}

TestCertificate SelfSigned(bssl::UniquePtr<EVP_PKEY> key) {
  TestCertificate made;
  made.key = std::move(key);
  made.certificate.reset(X509_new());
  X509* const x509 = made.certificate.get();
  X509_NAME* const name = X509_get_subject_name(x509);
  constexpr uint8_t kName[] = {'t', 'e', 's', 't'};
  Require(X509_set_version(x509, X509_VERSION_3) &&
          ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) &&
          X509_gmtime_adj(X509_getm_notBefore(x509), -3600) &&
          X509_gmtime_adj(X509_getm_notAfter(x509), 24 * 3600) &&
          X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, kName,
                                     sizeof(kName), -1, 0) &&
          X509_set_issuer_name(x509, name) &&
          X509_set_pubkey(x509, made.key.get()) &&
          X509_sign(x509, made.key.get(), EVP_sha256()));
  return made;
}

}  // namespace

TestCertificate MakeEcdsaP256Certificate() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  Require(EC_KEY_generate_key(ec.get()) &&
          EVP_PKEY_set1_EC_KEY(key.get(), ec.get()));
  return SelfSigned(std::move(key));
}

TestCertificate MakeRsa2048Certificate() {
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> exponent(BN_new());
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  Require(BN_set_word(exponent.get(), RSA_F4) &&
          RSA_generate_key_ex(rsa.get(), 2048, exponent.get(), nullptr) &&
          EVP_PKEY_set1_RSA(key.get(), rsa.get()));
  return SelfSigned(std::move(key));
}

bool UseCertificate(SSL_CTX* ctx, const TestCertificate& certificate) {
  return SSL_CTX_use_certificate(ctx, certificate.certificate.get()) &&
         SSL_CTX_use_PrivateKey(ctx, certificate.key.get());
}

}  // namespace tlsbridge
