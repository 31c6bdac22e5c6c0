#ifndef SKEX_PSK_KEY_H_
#define SKEX_PSK_KEY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"

namespace skex {

// How the PSK of a connection comes from an established key.
enum class Freshness : uint8_t {
  // Many PSKs from one key, by HKDF over a connection index.
  kDerived = 1,
  // The key itself is the PSK of one connection, then gone.
  kExchange = 2,
  // Not at all: the key is handed out to an application at either end, once.
  kDelivery = 3,
};

// Length of a key in bytes, a multiple of 16.
inline constexpr uint16_t kLeastKeyBytes = 16;
inline constexpr uint16_t kMostPskKeyBytes = 64;  // of keys that give PSKs
inline constexpr uint16_t kMostKeyBytes = 4096;   // of keys for delivery

// The longest key of a freshness.
inline constexpr uint16_t MostKeyBytes(Freshness freshness) {
  return freshness == Freshness::kDelivery ? kMostKeyBytes : kMostPskKeyBytes;
}

// Whether a key of that freshness may have so many bytes.
inline constexpr bool IsKeySize(uint16_t bytes, Freshness freshness) {
  return bytes >= kLeastKeyBytes && bytes <= MostKeyBytes(freshness) &&
         bytes % 16 == 0;
}

// "derived", "exchange" or "delivery".
absl::string_view FreshnessName(Freshness freshness);

// Whether an agent's policy may ask for such keys, whatever the protocol that
// establishes them: of `bytes`, valid for `lifetime` (1 s to a year), which
// give `use_limit` PSKs (1 to kMostUses). INVALID_ARGUMENT says what is wrong.
absl::Status CheckKeyPolicy(Freshness freshness, uint16_t bytes,
                            absl::Duration lifetime, uint32_t use_limit);

// Which protocol established a key.
enum class KeySource : uint8_t {
  kDske = 1,        // through hubs
  kUnmediated = 2,  // by the two agents alone; always kComputational
  kBoth = 3,        // one of each, mixed; always kComputational
};

// "dske", "unmediated" or "both".
absl::string_view KeySourceName(KeySource source);

// What the secrecy of an established key rests on. A label speaks of the key,
// never of the TLS records that it protects.
enum class KeyLabel : uint8_t {
  kInformationTheoretic = 1,  // on pads from physical sources, at every hub
  kComputational = 2,         // on a pseudo-random generator as well
};

// "information-theoretic" or "computational".
absl::string_view KeyLabelName(KeyLabel label);

// Hash of what the two agents agreed for an exchange, fixed with the key; see
// skex/dske/offer.h.
using PolicyHash = std::array<uint8_t, 32>;

// Longest use limit: an index has 32 bits on the wire, and a use is a bit in
// the acceptor's memory.
inline constexpr uint32_t kMostUses = 1u << 20;

// What both agents know of the keys of one exchange.
struct KeyTerms {
  AgentId initiator;  // dials with the keys
  AgentId responder;  // accepts with them
  // The starts of the two agents' processes that established them.
  BootId initiator_boot;
  BootId responder_boot;
  KeySource source = KeySource::kDske;
  KeyLabel label = KeyLabel::kComputational;
  Freshness freshness = Freshness::kDerived;
  PolicyHash policy_hash{};
  absl::Duration lifetime;
  uint32_t use_limit = 1;  // 1..kMostUses
  // Which hubs, and how many of them gave the key: none of an unmediated one.
  std::vector<HubId> hubs;
  uint8_t threshold = 0;
};

// An established key. Move-only. The terms are shared by all keys of its
// exchange, and never null.
struct Key {
  KeyId id;
  Secret bytes;
  std::shared_ptr<const KeyTerms> terms;
};

}  // namespace skex

#endif  // SKEX_PSK_KEY_H_
