#include "skex/mac/one_time_mac.h"

#include <cstdlib>

#include "skex/base/secret.h"
#include "skex/gf/block_runs.h"
#include "skex/gf/gf128.h"
#include "skex/mac/mac_polynomial.h"

namespace skex {

std::array<uint8_t, kOneTimeMacSize> ComputeOneTimeMac(
    absl::Span<const uint8_t> key,
    absl::Span<const absl::Span<const uint8_t>> pieces) {
  if (key.size() != kOneTimeMacKeySize) std::abort();
  const Gf128 a = Gf128::FromBytes(key.first(Gf128::kSize));
  const Gf128 b = Gf128::FromBytes(key.last(Gf128::kSize));

  static_assert(kOneTimeMacMaxPieces == BlockRuns::kMaxPieces);
  BlockRuns blocks;
  uint64_t length = 0;
  for (const absl::Span<const uint8_t>& piece : pieces) {
    blocks.Append(piece);
    length += piece.size();
  }
  blocks.Pad();
  return MacPolynomial(a, b, blocks.runs(), Gf128(0, length)).ToBytes();
}

bool VerifyOneTimeMac(absl::Span<const uint8_t> key,
                      absl::Span<const absl::Span<const uint8_t>> pieces,
                      absl::Span<const uint8_t> tag) {
  return EqualInConstantTime(ComputeOneTimeMac(key, pieces), tag);
}

}  // namespace skex
