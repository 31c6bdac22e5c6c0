#include "skex/gf/gf8.h"

#include <gtest/gtest.h>

namespace skex {
namespace {

TEST(Gf8Test, MultipliesByXModuloItsPolynomial) {
  const unsigned kTimesX[] = {0, 2, 4, 6, 3, 1, 7, 5};
  for (unsigned a = 0; a < Gf8::kOrder; ++a) {
    EXPECT_EQ((Gf8(2) * Gf8(a)).bits(), kTimesX[a]);
  }
}

TEST(Gf8Test, IsAField) {
  for (unsigned i = 0; i < Gf8::kOrder; ++i) {
    const Gf8 a(i);
    EXPECT_EQ((a * Inverse(a)).bits(), i == 0 ? 0u : 1u);
    for (unsigned j = 0; j < Gf8::kOrder; ++j) {
      const Gf8 b(j);
      EXPECT_TRUE(a * b == b * a);
      for (unsigned k = 0; k < Gf8::kOrder; ++k) {
        const Gf8 c(k);
        EXPECT_TRUE(a * (b + c) == a * b + a * c);
        EXPECT_TRUE(a * (b * c) == (a * b) * c);
      }
    }
  }
}

TEST(Gf8Test, CountsAllWords) {
  EXPECT_EQ(WordCount(2), 64u);
  EXPECT_EQ(Gf8Words(3, 0530), (std::vector<Gf8>{Gf8(0), Gf8(3), Gf8(5)}));
}

}  // namespace
}  // namespace skex
