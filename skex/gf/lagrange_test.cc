#include "skex/gf/lagrange.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"
#include "skex/gf/gf8.h"
#include "skex/gf/horner.h"

namespace skex {
namespace {

// polynomial[0] + polynomial[1] * x + ...
template <class F>
F ValueAt(const F& x, absl::Span<const F> polynomial) {
  return polynomial[0] + Horner(x, polynomial.subspan(1), F());
}

template <class F>
F Interpolate(const LagrangeBasis<F>& basis, absl::Span<const size_t> subset,
              const F& x, absl::Span<const F> polynomial) {
  std::vector<F> row(subset.size());
  basis.Coefficients(subset, x, absl::MakeSpan(row));
  F sum;
  for (size_t i = 0; i < subset.size(); ++i) {
    sum += row[i] * ValueAt(basis.points()[subset[i]], polynomial);
  }
  return sum;
}

// Every quadratic polynomial over GF(8), from every three of all eight points
// in any order, at every x.
TEST(LagrangeBasisTest, InterpolatesEveryQuadraticPolynomialOverGf8) {
  const LagrangeBasis<Gf8> basis(
      {Gf8(0), Gf8(1), Gf8(2), Gf8(3), Gf8(4), Gf8(5), Gf8(6), Gf8(7)});
  for (size_t i = 0; i < 8; ++i) {
    for (size_t j = 0; j < 8; ++j) {
      for (size_t k = 0; k < 8; ++k) {
        if (i == j || j == k || k == i) continue;
        for (unsigned number = 0; number < WordCount(3); ++number) {
          const std::vector<Gf8> polynomial = Gf8Words(3, number);
          for (unsigned x = 0; x < 8; ++x) {
            ASSERT_TRUE(
                Interpolate<Gf8>(basis, {i, j, k}, Gf8(x), polynomial) ==
                ValueAt<Gf8>(Gf8(x), polynomial));
          }
        }
      }
    }
  }
}

TEST(LagrangeBasisTest, InterpolatesOverGf128) {
  const LagrangeBasis<Gf128> basis(
      {Gf128(0, 7), Gf128(1, 0), Gf128(~0ull, 5), Gf128(9, 9), Gf128(9, 10)});
  const std::vector<Gf128> cubic = {Gf128(1, 2), Gf128(3, 4), Gf128(5, 6),
                                    Gf128(7, 8)};
  for (const Gf128& x : {Gf128(), Gf128(9, 10), Gf128(123, 456)}) {
    EXPECT_TRUE(Interpolate<Gf128>(basis, {4, 0, 2, 1}, x, cubic) ==
                ValueAt<Gf128>(x, cubic));
  }
}

TEST(LagrangeBasisTest, OnePointGivesConstants) {
  const LagrangeBasis<Gf8> basis({Gf8(0)});
  EXPECT_TRUE(Interpolate<Gf8>(basis, {0}, Gf8(5), {Gf8(3)}) == Gf8(3));
}

}  // namespace
}  // namespace skex
