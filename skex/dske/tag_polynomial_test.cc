#include "skex/dske/tag_polynomial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
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

// The tags of all words of one size under all secrets with d = 0, and the
// search through all that can be done to them. Words go by their number, as in
// Gf8Words(), elements by their bits.
class Forger {
 public:
  explicit Forger(unsigned size) : tags_(WordCount(size)) {
    for (unsigned number = 0; number < tags_.size(); ++number) {
      const Words words = Gf8Words(size, number);
      for (unsigned c = 0; c < 8; ++c) {
        for (unsigned e = 0; e < 8; ++e) {
          tags_[number][c][e] =
              static_cast<uint8_t>(Tag(Gf8(c), Gf8(), Gf8(e), words).bits());
        }
      }
    }
  }

  // The best of all forgeries of the words `seen`: the number of secrets
  // (c, e), of 64, under which the responder accepts.
  unsigned Best(unsigned seen) const {
    unsigned best = 0;
    for (unsigned e_offset = 0; e_offset < 8; ++e_offset) {
      best = std::max(best, BestOver(seen, e_offset, 8));
    }
    return best;
  }

  // The same with e pinned to zero, as if the term c * e were not there: the
  // number of secrets c, of 8.
  unsigned BestWithoutCe(unsigned seen) const { return BestOver(seen, 0, 1); }

 private:
  unsigned BestOver(unsigned seen, unsigned e_offset, unsigned e_count) const {
    unsigned best = 0;
    for (unsigned forged = 0; forged < tags_.size(); ++forged) {
      if (forged == seen) continue;
      for (unsigned c_offset = 0; c_offset < 8; ++c_offset) {
        unsigned secrets_by_change[8] = {};
        for (unsigned c = 0; c < 8; ++c) {
          for (unsigned e = 0; e < e_count; ++e) {
            ++secrets_by_change[tags_[seen][c][e] ^
                                tags_[forged][c ^ c_offset][e ^ e_offset]];
          }
        }
        for (unsigned secrets : secrets_by_change) {
          best = std::max(best, secrets);
        }
      }
    }
    return best;
  }

  std::vector<std::array<std::array<uint8_t, 8>, 8>> tags_;  // [words][c][e]
};

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
    const Forger forger(size);
    for (unsigned number = 0; number < WordCount(size); ++number) {
      EXPECT_EQ(forger.Best(number), 8 * (size + 1));
    }
  }
}

// In octal, the last word first: the words 0, 1, 0, 1 and 2, 5, 3, 7. An offset
// to c changes the terms of words 2 and 4 by some that cancel and some that
// words 1 and 3 can absorb, if that of word 1 is not already taken by e.
constexpr unsigned kForgeableWithoutCe[] = {01010, 07352};

TEST(TagPolynomialTest, WithoutCeForgeryOfFourWordsIsCertain) {
  const Forger forger(4);
  for (unsigned number : kForgeableWithoutCe) {
    EXPECT_EQ(forger.BestWithoutCe(number), 8u);
  }
}

TEST(TagPolynomialTest, WithCeBestForgeryOfTheSameMeetsTheBound) {
  const Forger forger(4);
  for (unsigned number : kForgeableWithoutCe) {
    EXPECT_EQ(forger.Best(number), 8u * (4 + 1));
  }
}

}  // namespace
}  // namespace skex
