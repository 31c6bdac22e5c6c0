#ifndef SKEX_DSKE_OFFER_H_
#define SKEX_DSKE_OFFER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/dske/policy.h"
#include "skex/pad/pad_layout.h"
#include "skex/psk/key.h"

namespace skex {

// The order of hubs everywhere in an exchange: ascending by the x of their
// share, which their name fixes.
bool BeforeByShareX(const HubId& a, const HubId& b);

// The tag of one key as it travels, see tag.h.
using KeyTagBytes = std::array<uint8_t, 16>;

// Offer is the public part of an exchange: the same bytes go through every
// hub, and the responder joins only shares whose offers are equal.
struct Offer {
  ExchangeId exchange;
  BootId initiator_boot;
  AgentId initiator;
  AgentId responder;
  uint8_t threshold = 0;    // k
  std::vector<HubId> hubs;  // n of them, ascending by share x
  absl::Time expiry;        // whole seconds; nothing is accepted after it
  Freshness freshness = Freshness::kDerived;
  uint16_t key_bytes = 32;
  uint32_t lifetime_seconds = 0;
  uint32_t use_limit = 1;
  PadSource source = PadSource::kGenerator;  // worst of the initiator's pads
  // One for each key: 1..MostKeysOf(key_bytes).
  std::vector<KeyTagBytes> tags;

  uint16_t key_count() const { return static_cast<uint16_t>(tags.size()); }

  void Encode(ByteWriter& writer) const;

  // Reads an offer; what follows it stays in `reader`. INVALID_ARGUMENT if the
  // bytes are no offer with sorted, distinct hubs and sane counts.
  static absl::StatusOr<Offer> Parse(ByteReader& reader);

  // INVALID_ARGUMENT, saying which rule, unless the offer is one that `policy`
  // of the responder `self` admits at wall time `now`.
  absl::Status CheckAgainst(const PeerPolicy& policy, const AgentId& self,
                            absl::Time now) const;
};

// Hash of what is agreed: suite, hub set, k, n, freshness, key size, lifetime,
// use limit, the initiator's pad source. Kept with the key; part of the tag's
// context and of every PSK.
PolicyHash ComputePolicyHash(const Offer& offer);

// The context that the key `key` of the offer is tagged with. One fixed
// grammar: a four-byte total length first, every variable field with its
// length. The contexts of two keys of one offer differ in the key id alone, at
// kTagContextKeyId.
std::string TagContext(const Offer& offer, const PolicyHash& policy_hash,
                       const KeyId& key);
inline constexpr size_t kTagContextKeyId = 16;

// The layout of one share, and of the secret that k shares give: for each key
// (c, d, e, v), then once (f, g); all in elements of 16 bytes.
struct ShareLayout {
  uint16_t key_count = 0;
  uint16_t key_bytes = 32;

  static constexpr size_t kElement = 16;
  size_t key_share_size() const { return 3 * kElement + key_bytes; }
  size_t total_size() const {
    return key_count * key_share_size() + 2 * kElement;
  }
};

// The most keys of so many bytes that one exchange may have: at least one.
uint16_t MostKeysOf(uint16_t key_bytes);

inline ShareLayout LayoutOf(const Offer& offer) {
  return {offer.key_count(), offer.key_bytes};
}

}  // namespace skex

#endif  // SKEX_DSKE_OFFER_H_
