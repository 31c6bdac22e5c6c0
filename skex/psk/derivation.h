#ifndef SKEX_PSK_DERIVATION_H_
#define SKEX_PSK_DERIVATION_H_

#include <openssl/sha.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"
#include "skex/psk/psk.h"

namespace skex {

// Every label and layout between an established key and a TLS PSK stands in
// this file. SHA-256 throughout; vectors in derivation_test.cc.

// key id = first 16 bytes of
//   SHA-256("skex id" | exchange id | len, initiator | len, responder | number)
// with two-byte lengths and a two-byte number. Each side computes it; it is
// never received, and never a function of key bytes.
KeyId ComputeKeyId(const ExchangeId& exchange, const AgentId& initiator,
                   const AgentId& responder, uint16_t number);

// The same for many keys of one exchange: hashes what they have in common once.
// Immutable, hence thread-safe.
class KeyIds {
 public:
  KeyIds(const ExchangeId& exchange, const AgentId& initiator,
         const AgentId& responder);
  KeyId OfKey(uint16_t number) const;

 private:
  SHA256_CTX common_;
};

// What an external identity of ours says.
struct PskName {
  KeyId key;
  uint32_t index = 0;  // which connection under this key
  friend bool operator==(const PskName&, const PskName&) = default;
};

inline constexpr size_t kPskIdentitySize = 24;

// external_identity = "skx1" | key id (16) | index (4).
std::string EncodePskIdentity(const PskName& name);

// The reverse. INVALID_ARGUMENT for anything else.
absl::StatusOr<PskName> ParsePskIdentity(absl::string_view identity);

// RFC 9258 context = len, client | len, server | policy hash. Client and
// server are the roles of the TLS connection, which are the exchange's
// initiator and responder. Both ends build it from what they know; it is never
// taken from the wire.
std::string PskContext(const Key& key);

// The PSK of connection `index` under `key`, which must be < its use limit.
//   kDerived:  HKDF-Expand(HKDF-Extract(salt = key id, key),
//                "skex psk" | form | index | len, client | len, server |
//                policy hash, 32)
//   kExchange: the key's bytes themselves; the only index is 0.
Psk DerivePsk(const Key& key, uint32_t index, PskForm form);

}  // namespace skex

#endif  // SKEX_PSK_DERIVATION_H_
