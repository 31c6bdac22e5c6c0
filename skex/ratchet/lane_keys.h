#ifndef SKEX_RATCHET_LANE_KEYS_H_
#define SKEX_RATCHET_LANE_KEYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"

namespace skex {

// Every label and layout between a root and an unmediated key stands in this
// file. HMAC-SHA-256 and HKDF-SHA-256 throughout; vectors in lane_keys_test.cc.
// `str` is a two-byte length and the bytes.

inline constexpr size_t kLaneKeySize = 32;
inline constexpr size_t kRunTagSize = 32;
inline constexpr size_t kGateTagSize = 16;

using RunTag = std::array<uint8_t, kRunTagSize>;

// What a lane begins with. A lane is one direction of one pair: the initiator
// and the responder are always the same agents, and both ends hold the same.
struct LaneSecrets {
  LaneId id;     // public
  Secret root;   // of the tree
  Secret gate;   // of M1: spares the responder work, derives nothing
  Secret stale;  // of STALE: likewise
};

// Both lanes of a pair, as one of its agents sees them.
struct LanePair {
  LaneSecrets outgoing;  // this agent initiates
  LaneSecrets incoming;  // the peer does
};

// Splits the root that two agents were provisioned with, kLaneKeySize bytes or
// more, and erases it. Each part is
//   HKDF-Expand(HKDF-Extract("skex unmediated root", root),
//               label | str initiator | str responder, size)
// with the labels "skex lane id" (16 bytes), "skex lane root", "skex lane gate"
// and "skex lane stale" (32 bytes each).
LanePair SplitRoot(Secret root, const AgentId& self, const AgentId& peer);

// The lane that replaces one of the same direction: as above, but with
// HKDF-Extract(leaf's re-root key, fresh) in the place of the extracted root.
LaneSecrets RerootLane(const Secret& reroot_key, const Secret& fresh,
                       const AgentId& initiator, const AgentId& responder);

// What a leaf gives: HKDF-Expand(leaf, label, 32) with the labels "skex leaf
// tag1", "skex leaf tag2", "skex leaf tag3", "skex leaf key" and "skex leaf
// reroot".
struct LeafKeys {
  Secret tag1;    // K_a1: authenticates M1
  Secret tag2;    // K_a2: authenticates M2
  Secret tag3;    // K_a3: authenticates CONFIRM
  Secret key;     // K_d: the key comes from it
  Secret reroot;  // what the next root comes from, with fresh entropy
};
LeafKeys DeriveLeafKeys(absl::Span<const uint8_t> leaf);

// HMAC-SHA-256 over what the pieces make together.
RunTag ComputeRunTag(const Secret& key,
                     std::initializer_list<absl::string_view> pieces);

// SHA-256(M1 | M2): what a run said, tags and gate included.
std::array<uint8_t, 32> TranscriptHash(absl::string_view m1,
                                       absl::string_view m2);

// The bytes of the key of one run:
//   HKDF-Expand(HKDF-Extract(SHA-256(M1 | M2), K_d),
//               "unmediated key" | str initiator | str responder | context
//               hash, size)
Secret DeriveUnmediatedKey(const Secret& leaf_key, absl::string_view m1,
                           absl::string_view m2, const AgentId& initiator,
                           const AgentId& responder, const PolicyHash& context,
                           uint16_t size);

// The exchange that a run was, for the id of its key: the first 16 bytes of
//   SHA-256("skex unmediated exchange" | SHA-256(M1 | M2)).
// Both ends compute it; each contributes 32 random bytes.
ExchangeId UnmediatedExchangeId(absl::string_view m1, absl::string_view m2);

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_KEYS_H_
