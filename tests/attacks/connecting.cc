#include "tests/attacks/connecting.h"

#include <openssl/hmac.h>

#include <array>
#include <memory>

#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/psk/derivation.h"

namespace skex {

std::string Binder(const Psk& psk, absl::string_view identity) {
  ByteWriter covered;
  covered.Prefixed(identity).Prefixed(psk.context);
  std::array<uint8_t, SHA256_DIGEST_LENGTH> tag;
  unsigned int size = 0;
  HMAC(EVP_sha256(), psk.secret.view().data(), psk.secret.size(),
       AsBytes(covered.bytes()).data(), covered.bytes().size(), tag.data(),
       &size);
  return std::string(AsText(tag));
}

Hello MakeHello(const Psk& psk) {
  return {psk.identity, Binder(psk, psk.identity)};
}

bool Verifies(const Hello& hello, const Psk& psk) {
  return EqualInConstantTime(AsBytes(Binder(psk, hello.identity)),
                             AsBytes(hello.binder));
}

Key MakeKey(uint8_t number, const AgentId& initiator,
            const AgentId& responder) {
  const KeyTerms terms = {.initiator = initiator,
                          .responder = responder,
                          .initiator_boot = BootId({1}),
                          .responder_boot = BootId({2}),
                          .lifetime = absl::Hours(1),
                          .use_limit = 1000};
  Key key = {.id = ComputeKeyId(ExchangeId({number}), initiator, responder, 0),
             .bytes = Secret::OfSize(32),
             .terms = std::make_shared<const KeyTerms>(terms)};
  SeededEntropy(number).Fill(key.bytes.mutable_view());
  return key;
}

}  // namespace skex
