#include "skex/dske/tag_polynomial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/types/span.h"
#include "skex/gf/gf8.h"

// What hubs can do to a tag, tried in full over GF(8) with the code that runs
// over GF(2^128).
//
// The adversary is stronger than any set of hubs: he knows all words, the key's
// too, and o. Of (c, d, e) he knows no more than o tells, and d being uniform,
// that is nothing about (c, e). He adds offsets to c, d, e and o and chooses
// as many other words. The responder accepts if the tag of what he then has is
// the o that he then has. d is only ever added: offsets to d and o are one
// offset, `change`, and it is enough to look at d = 0.

namespace skex {
namespace {

using Words = std::vector<Gf8>;

Gf8 Tag(Gf8 c, Gf8 d, Gf8 e, const Words& words) {
  return TagPolynomial(c, d, e, absl::Span<const Gf8>(words));
}

// For given offsets to c and e and given words, the number of secrets (c, e)
// under which the best `change` makes the responder accept. `largest_e` 0 pins
// e to zero, as if the term c * e were not there.
unsigned BestChange(Gf8 c_offset, Gf8 e_offset, const Words& words,
                    const Words& forged, unsigned largest_e) {
  std::array<unsigned, 8> secrets_by_change{};
  for (unsigned c = 0; c < 8; ++c) {
    for (unsigned e = 0; e <= largest_e; ++e) {
      const Gf8 change =
          Tag(Gf8(c), Gf8(), Gf8(e), words) +
          Tag(Gf8(c) + c_offset, Gf8(), Gf8(e) + e_offset, forged);
      ++secrets_by_change[change.bits()];
    }
  }
  return *std::max_element(secrets_by_change.begin(), secrets_by_change.end());
}

// The best of all forgeries of `words`, in 64ths.
unsigned BestForgery(const Words& words) {
  const unsigned size = static_cast<unsigned>(words.size());
  unsigned best = 0;
  for (unsigned number = 0; number < WordCount(size); ++number) {
    const Words forged = Gf8Words(size, number);
    if (forged == words) continue;
    for (unsigned c_offset = 0; c_offset < 8; ++c_offset) {
      for (unsigned e_offset = 0; e_offset < 8; ++e_offset) {
        best = std::max(
            best, BestChange(Gf8(c_offset), Gf8(e_offset), words, forged, 7));
      }
    }
  }
  return best;
}

// The same without the term c * e, in 8ths.
unsigned BestForgeryWithoutCe(const Words& words) {
  const unsigned size = static_cast<unsigned>(words.size());
  unsigned best = 0;
  for (unsigned number = 0; number < WordCount(size); ++number) {
    const Words forged = Gf8Words(size, number);
    if (forged == words) continue;
    for (unsigned c_offset = 0; c_offset < 8; ++c_offset) {
      best = std::max(best, BestChange(Gf8(c_offset), Gf8(), words, forged, 0));
    }
  }
  return best;
}

TEST(TagPolynomialTest, DOnlyShiftsTheTag) {
  for (unsigned number = 0; number < WordCount(5); ++number) {
    const Words all = Gf8Words(5, number);
    const Words words = {all[0], all[1]};
    EXPECT_TRUE(Tag(all[2], all[3], all[4], words) ==
                Tag(all[2], Gf8(), all[4], words) + all[3]);
  }
}

TEST(TagPolynomialTest, BestForgeryOfEveryOneOrTwoWordsMeetsTheBound) {
  for (unsigned size = 1; size <= 2; ++size) {
    for (unsigned number = 0; number < WordCount(size); ++number) {
      EXPECT_EQ(BestForgery(Gf8Words(size, number)), 8 * (size + 1));
    }
  }
}

// The words that the next test forges with certainty.
TEST(TagPolynomialTest, BestForgeryOfFourWordsMeetsTheBound) {
  EXPECT_EQ(BestForgery({Gf8(0), Gf8(1), Gf8(0), Gf8(1)}), 8u * (4 + 1));
}

TEST(TagPolynomialTest, WithoutCeForgeryOfFourWordsIsCertain) {
  // words[1] and words[3] are 1, so that an offset of 1 to c is undone by the
  // words: (c + 1)^5 and (c + 1)^3 differ from c^5 and c^3 by terms that
  // cancel or that words[0] and words[2] absorb.
  const Words words = {Gf8(0), Gf8(1), Gf8(0), Gf8(1)};
  const Words forged = {Gf8(1), Gf8(1), Gf8(1), Gf8(1)};
  EXPECT_EQ(BestChange(Gf8(1), Gf8(), words, forged, 0), 8u);
  EXPECT_EQ(BestForgeryWithoutCe(words), 8u);
  EXPECT_EQ(BestForgeryWithoutCe({Gf8(2), Gf8(5), Gf8(3), Gf8(7)}), 8u);
}

}  // namespace
}  // namespace skex
