#ifndef SKEX_GF_LAGRANGE_H_
#define SKEX_GF_LAGRANGE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace skex {

// LagrangeBasis makes the coefficients that interpolate a polynomial of degree
// below k from its values at k of n fixed, distinct points. F is a field of
// characteristic 2 with F::One() and Inverse(F). The points are public: nothing
// here runs in constant time.
//
// Immutable, hence thread-safe.
template <class F>
class LagrangeBasis {
 public:
  // `points` must be distinct. Costs one inversion and about 3 n^2 / 2
  // multiplications.
  explicit LagrangeBasis(std::vector<F> points)
      : points_(std::move(points)),
        difference_inverse_(points_.size() * points_.size()) {
    InvertDifferences();
  }

  absl::Span<const F> points() const { return points_; }

  // Writes the coefficients l_i with p(x) = sum_i l_i * p(points[subset[i]])
  // for every polynomial p of degree below subset.size(). `subset` holds
  // distinct indices of points, `out` has its size. Costs 2 k (k - 1)
  // multiplications and no inversion.
  void Coefficients(absl::Span<const size_t> subset, const F& x,
                    absl::Span<F> out) const {
    const size_t n = points_.size();
    for (size_t i = 0; i < subset.size(); ++i) {
      F product = F::One();
      for (size_t j : subset) {
        if (j == subset[i]) continue;
        product *= (x + points_[j]) * difference_inverse_[subset[i] * n + j];
      }
      out[i] = product;
    }
  }

 private:
  // Inverts all differences points_[i] - points_[j] together: the inverse of
  // their product, taken apart from the last factor to the first.
  void InvertDifferences() {
    const size_t n = points_.size();
    std::vector<F> products = {F::One()};  // Of the differences before each.
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = i + 1; j < n; ++j) {
        products.push_back(products.back() * (points_[i] + points_[j]));
      }
    }
    F inverse = Inverse(products.back());
    for (size_t i = n; i-- > 0;) {
      for (size_t j = n; j-- > i + 1;) {
        products.pop_back();
        const F difference_inverse = inverse * products.back();
        difference_inverse_[i * n + j] = difference_inverse;
        difference_inverse_[j * n + i] = difference_inverse;
        inverse *= points_[i] + points_[j];
      }
    }
  }

  std::vector<F> points_;
  std::vector<F> difference_inverse_;  // [i * n + j], 0 where i == j.
};

}  // namespace skex

#endif  // SKEX_GF_LAGRANGE_H_
