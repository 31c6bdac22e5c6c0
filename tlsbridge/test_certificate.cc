#include "tlsbridge/test_certificate.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"

namespace tlsbridge {
namespace {

// What fails here fails for want of memory.
void Require(bool ok) {
  if (!ok) std::abort();
}

bssl::UniquePtr<EVP_PKEY> NewEcdsaP256Key() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  Require(EC_KEY_generate_key(ec.get()) &&
          EVP_PKEY_set1_EC_KEY(key.get(), ec.get()));
  return key;
}

bssl::UniquePtr<EVP_PKEY> NewRsa2048Key() {
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> exponent(BN_new());
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  Require(BN_set_word(exponent.get(), RSA_F4) &&
          RSA_generate_key_ex(rsa.get(), 2048, exponent.get(), nullptr) &&
          EVP_PKEY_set1_RSA(key.get(), rsa.get()));
  return key;
}

void SetName(X509_NAME* name, absl::string_view text) {
  const absl::Span<const uint8_t> bytes = skex::AsBytes(text);
  Require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                     bytes.data(),
                                     static_cast<int>(bytes.size()), -1, 0));
}

// A certificate for a new key, all but the signature and the issuer.
TestCertificate Unsigned(KeyType type, absl::string_view name) {
  TestCertificate made;
  made.key = type == KeyType::kRsa2048 ? NewRsa2048Key() : NewEcdsaP256Key();
  made.certificate.reset(X509_new());
  X509* const x509 = made.certificate.get();
  Require(X509_set_version(x509, X509_VERSION_3) &&
          ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) &&
          X509_gmtime_adj(X509_getm_notBefore(x509), -3600) &&
          X509_gmtime_adj(X509_getm_notAfter(x509), 24 * 3600) &&
          X509_set_pubkey(x509, made.key.get()));
  SetName(X509_get_subject_name(x509), name);
  return made;
}

void AllowToSign(X509* x509) {
  bssl::UniquePtr<BASIC_CONSTRAINTS> constraints(BASIC_CONSTRAINTS_new());
  constraints->ca = 0xff;
  Require(X509_add1_ext_i2d(x509, NID_basic_constraints, constraints.get(),
                            /*crit=*/1, /*flags=*/0));
}

}  // namespace

TestCertificate MakeAuthority(KeyType type) {
  TestCertificate made = Unsigned(type, "test authority");
  X509* const x509 = made.certificate.get();
  AllowToSign(x509);
  Require(X509_set_issuer_name(x509, X509_get_subject_name(x509)) &&
          X509_sign(x509, made.key.get(), EVP_sha256()));
  return made;
}

TestCertificate MakeCertificate(KeyType type,
                                const TestCertificate& authority) {
  TestCertificate made = Unsigned(type, "test");
  X509* const x509 = made.certificate.get();
  Require(X509_set_issuer_name(
              x509, X509_get_subject_name(authority.certificate.get())) &&
          X509_sign(x509, authority.key.get(), EVP_sha256()));
  return made;
}

bool UseCertificate(SSL_CTX* ctx, const TestCertificate& certificate) {
  return SSL_CTX_use_certificate(ctx, certificate.certificate.get()) &&
         SSL_CTX_use_PrivateKey(ctx, certificate.key.get());
}

}  // namespace tlsbridge
