#ifndef TESTS_CONSTANT_TIME_MARKING_H_
#define TESTS_CONSTANT_TIME_MARKING_H_

#include <cstdint>

#include "absl/types/span.h"
#include "valgrind/memcheck.h"

namespace skex {

// Under memcheck, bytes that are marked secret count as undefined: a branch or
// an address that depends on them, or on what was made of them, is an error.
// Without memcheck both functions do nothing.

inline void MarkSecret(absl::Span<const uint8_t> bytes) {
  VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}

// What may be known, such as a tag that is sent or whether one was right.
inline void MarkPublic(absl::Span<const uint8_t> bytes) {
  VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}

template <class T>
void MarkPublicValue(const T& value) {
  VALGRIND_MAKE_MEM_DEFINED(&value, sizeof(value));
}

}  // namespace skex

#endif  // TESTS_CONSTANT_TIME_MARKING_H_
