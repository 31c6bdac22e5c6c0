#ifndef SKEX_MAC_ONE_TIME_MAC_H_
#define SKEX_MAC_ONE_TIME_MAC_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

// A one-time message authentication code after Wegman and Carter, over
// GF(2^128) as gf128.h has it.
//
// The key is 32 bytes: a, then b, 16 each. The message is cut into blocks of
// 16 bytes, the last one filled up with zero bytes, which gives M_1 (the first
// bytes of the message) to M_{s-1}; M_s is 8 zero bytes and then the length of
// the message in bytes, 64 bits, big-endian. The empty message has s = 1. The
// tag is
//
//     t = b + a * M_1 + a^2 * M_2 + ... + a^s * M_s
//
// Security, against an adversary of any power: with a key that is uniformly
// random and used for one message only, whoever saw that message and its tag
// hits the tag of another message of at most s blocks with a probability of at
// most s / 2^128 in each attempt. A key used for two messages gives `a` away.

namespace skex {

inline constexpr size_t kOneTimeMacKeySize = 32;
inline constexpr size_t kOneTimeMacSize = 16;
inline constexpr size_t kOneTimeMacMaxPieces = 4;
using OneTimeTag = std::array<uint8_t, kOneTimeMacSize>;

// The tag of the concatenation of `pieces`; how it is cut into pieces does not
// matter, and nothing is copied but blocks across their ends. The process ends
// on more than kOneTimeMacMaxPieces of them, and if `key` is not
// kOneTimeMacKeySize bytes: a key's size is never a matter of what a message
// says.
std::array<uint8_t, kOneTimeMacSize> ComputeOneTimeMac(
    absl::Span<const uint8_t> key,
    absl::Span<const absl::Span<const uint8_t>> pieces);

// Whether `tag` is the tag of the concatenation of `pieces`. Takes the same
// time for every wrong tag. A tag of another size than kOneTimeMacSize is
// wrong.
bool VerifyOneTimeMac(absl::Span<const uint8_t> key,
                      absl::Span<const absl::Span<const uint8_t>> pieces,
                      absl::Span<const uint8_t> tag);

}  // namespace skex

#endif  // SKEX_MAC_ONE_TIME_MAC_H_
