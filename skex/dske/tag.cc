#include "skex/dske/tag.h"

#include "skex/dske/tag_polynomial.h"
#include "skex/gf/block_runs.h"

namespace skex {

Gf128 KeyTag(const Gf128& c, const Gf128& d, const Gf128& e,
             absl::Span<const uint8_t> context,
             absl::Span<const absl::Span<const uint8_t>> key) {
  BlockRuns words;
  words.Append(context);
  words.Pad();
  for (const absl::Span<const uint8_t>& piece : key) words.Append(piece);
  words.Pad();
  return TagPolynomial(c, d, e, words.runs());
}

}  // namespace skex
