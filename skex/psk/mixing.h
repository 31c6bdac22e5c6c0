#ifndef SKEX_PSK_MIXING_H_
#define SKEX_PSK_MIXING_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"

namespace skex {

// Mixing makes one key of two that the same two agents established in two
// ways. It is secret while either of them is.
//
// SHA-256 throughout; vectors in mixing_test.cc. `str` is a two-byte length and
// the bytes.

// Bytes of both components and of the mixed key. One size only: the first
// component becomes the key of an HMAC, which fills shorter ones up with zeros.
inline constexpr size_t kMixedKeySize = 32;

// The id of a mixed key = first 16 bytes of
//   SHA-256("skex both id" | id of the DSKE key | id of the unmediated key |
//           str initiator | str responder).
// Each side computes it; it is never received, and never a function of key
// bytes.
KeyId ComputeMixedKeyId(const KeyId& dske, const KeyId& unmediated,
                        const AgentId& initiator, const AgentId& responder);

// The policy hash of a mixed key = SHA-256("skex both context" | policy hash of
// the DSKE key | policy hash of the unmediated key): what was agreed for each.
PolicyHash MixedPolicyHash(const PolicyHash& dske,
                           const PolicyHash& unmediated);

// INVALID_ARGUMENT unless `dske` may be mixed with a key of the terms
// `unmediated`:
// - the one is of DSKE, with kMixedKeySize bytes, the other unmediated,
// - the same process start of the same agent dials with both, and likewise
//   accepts with both,
// - freshness, lifetime and use limit are equal.
absl::Status CheckMixing(const Key& dske, const KeyTerms& unmediated);

// The mixed key:
//   HKDF-Expand(HKDF-Extract(salt = DSKE key, unmediated key),
//               "skex both" | id of the DSKE key | id of the unmediated key |
//               str initiator | str responder | MixedPolicyHash(), 32)
// Its source is kBoth, its label kComputational whatever that of the DSKE key
// is, its hubs are those of the DSKE key, all else is what both agree on.
//
// Both components are consumed, whatever comes of it: they are never used
// alone. Who has to confirm the unmediated one later keeps its id. How old they
// are cannot be seen here: whoever holds them lets neither live longer than its
// lifetime before.
//
// Returns INVALID_ARGUMENT, and no key, as CheckMixing(), and if the second has
// other than kMixedKeySize bytes or the id of the first.
absl::StatusOr<Key> MixKeys(Key dske, Key unmediated);

}  // namespace skex

#endif  // SKEX_PSK_MIXING_H_
