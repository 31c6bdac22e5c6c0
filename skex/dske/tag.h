#ifndef SKEX_DSKE_TAG_H_
#define SKEX_DSKE_TAG_H_

#include <cstdint>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"

namespace skex {

// The tag of one key of an exchange: it shows the responder that the secret it
// put together is the one that the initiator dealt. (c, d, e) is dealt together
// with the key and used for this tag only.
//
//     o = d + c * e + c^2 * w_1 + c^3 * w_2 + ... + c^(m+1) * w_m
//
// w_1..w_m are the 16-byte blocks of `context`, its last one filled up with
// zero bytes, then those of the pieces of `key` together (at most two), filled
// up likewise. The filling is not marked: `context` must begin with its own
// length, and that length and its other fields must fix the size of `key`.
// Otherwise two pairs of context and key can have the same blocks.
//
// Against an adversary of any power who learned o, chose the words, and adds
// what he likes to c, d, e, o and the words, the responder accepts other words
// with a probability of at most (m + 1) / 2^128.
Gf128 KeyTag(const Gf128& c, const Gf128& d, const Gf128& e,
             absl::Span<const uint8_t> context,
             absl::Span<const absl::Span<const uint8_t>> key);

}  // namespace skex

#endif  // SKEX_DSKE_TAG_H_
