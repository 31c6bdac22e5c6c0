#ifndef SKEX_MAC_MAC_POLYNOMIAL_H_
#define SKEX_MAC_MAC_POLYNOMIAL_H_

#include "skex/gf/horner.h"

namespace skex {

// The polynomial of one_time_mac.h over any field F:
//
//     b  +  sum_{j=1..s-1} a^j * M_j  +  a^s * length
//
// with M_1..M_{s-1} the words of the message, as Horner() takes them, and
// `length` what tells apart messages that are padded to the same words.
template <class F, class Words>
F MacPolynomial(const F& a, const F& b, const Words& words, const F& length) {
  return b + Horner(a, words, a * length);
}

}  // namespace skex

#endif  // SKEX_MAC_MAC_POLYNOMIAL_H_
