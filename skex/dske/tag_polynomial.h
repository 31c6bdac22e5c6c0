#ifndef SKEX_DSKE_TAG_POLYNOMIAL_H_
#define SKEX_DSKE_TAG_POLYNOMIAL_H_

#include "skex/gf/horner.h"

namespace skex {

// The polynomial of tag.h over any field F:
//
//     d  +  c * e  +  sum_{j=1..m} c^(j+1) * w_j
//
// with w_1..w_m the words, as Horner() takes them.
//
// The term c * e keeps hubs from forging: (c, d, e) is itself shared, so they
// can add what they like to c. With a random e in front of the first power of
// c they cannot foresee what that does to the tag; without it, there are words
// whose forgery always succeeds (tag_polynomial_test.cc).
template <class F, class Words>
F TagPolynomial(const F& c, const F& d, const F& e, const Words& words) {
  return d + c * (e + Horner(c, words, F()));
}

}  // namespace skex

#endif  // SKEX_DSKE_TAG_POLYNOMIAL_H_
