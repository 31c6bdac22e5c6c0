#ifndef SKEX_GF_HORNER_H_
#define SKEX_GF_HORNER_H_

#include <cstddef>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"

namespace skex {

// Horner's rule over any field F, from the last word to the first:
//
//     sum_{j=1..m} x^j * words[j - 1]  +  x^m * start
//
// gf128.h overloads this for strings of Gf128. Templates over the field call
// either, so that what is proved about them over a small field, by trying all
// cases, is about the code that runs over the large one.
template <class F>
F Horner(const F& x, absl::Span<const F> words, const F& start) {
  F sum = start;
  for (size_t j = words.size(); j > 0; --j) sum = (sum + words[j - 1]) * x;
  return sum;
}

}  // namespace skex

#endif  // SKEX_GF_HORNER_H_
