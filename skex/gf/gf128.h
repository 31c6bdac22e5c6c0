#ifndef SKEX_GF_GF128_H_
#define SKEX_GF_GF128_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace skex {

// Gf128 is an element of GF(2^128) = GF(2)[x] / (x^128 + x^7 + x^2 + x + 1):
// a polynomial of degree below 128, the coefficient of x^i in bit i.
//
// As bytes it is 16 bytes, big-endian: the highest bit of the first byte is
// the coefficient of x^127, the lowest bit of the last byte that of 1. (GCM
// orders the bits the other way round; its test vectors do not apply.)
//
// Immutable value; every function here is thread-safe. Except for operator<=>,
// which is for public elements, no operation branches or loads by the value of
// an element. Elements are not wiped when they go out of scope: what must be
// wiped lives in a Secret.
class Gf128 {
 public:
  static constexpr size_t kSize = 16;

  // Zero.
  constexpr Gf128() = default;
  // high * x^64 + low.
  constexpr Gf128(uint64_t high, uint64_t low) : high_(high), low_(low) {}
  static constexpr Gf128 One() { return Gf128(0, 1); }

  // Reads an element. `bytes` must be kSize bytes, else the process ends.
  static Gf128 FromBytes(absl::Span<const uint8_t> bytes);
  // Writes the element. `out` must be kSize bytes, else the process ends.
  void CopyTo(absl::Span<uint8_t> out) const;
  std::array<uint8_t, kSize> ToBytes() const;

  uint64_t high() const { return high_; }
  uint64_t low() const { return low_; }

  // Addition and subtraction are one: every element is its own negative.
  friend Gf128 operator+(Gf128 a, Gf128 b) {
    return Gf128(a.high_ ^ b.high_, a.low_ ^ b.low_);
  }
  friend Gf128 operator*(Gf128 a, Gf128 b);
  Gf128& operator+=(Gf128 other) { return *this = *this + other; }
  Gf128& operator*=(Gf128 other) { return *this = *this * other; }

  friend bool operator==(Gf128 a, Gf128 b) {
    return ((a.high_ ^ b.high_) | (a.low_ ^ b.low_)) == 0;
  }
  // The order of the 16 bytes. For public elements only.
  friend std::strong_ordering operator<=>(Gf128 a, Gf128 b) = default;

 private:
  uint64_t high_ = 0;
  uint64_t low_ = 0;
};

Gf128 Square(Gf128 a);

// The inverse of `a`, as a^(2^128 - 2); that of zero is zero. Costs about 140
// multiplications.
Gf128 Inverse(Gf128 a);

// The functions below work on strings of elements of 16 bytes each and use the
// CPU's carry-less multiplication where there is one. Input and output may
// start at any address but must not overlap. The process ends if the lengths
// do not fit together or are no multiple of 16.

// out += coefficient * in, element by element.
void MulAdd(Gf128 coefficient, absl::Span<const uint8_t> in,
            absl::Span<uint8_t> out);

// Multiplies a matrix with a vector of strings: with k = in.size(),
// out[r] = sum_i matrix[r * k + i] * in[i], element by element. `matrix` has
// out.size() * k elements, 1 <= k <= kMaxCombined; all strings are equally
// long. The matrix is taken to be public.
inline constexpr size_t kMaxCombined = 32;
void Combine(absl::Span<const Gf128> matrix,
             absl::Span<const absl::Span<const uint8_t>> in,
             absl::Span<const absl::Span<uint8_t>> out);

// Horner's rule from the last element to the first. With w_1..w_m the elements
// of `runs` in order, returns
//
//     sum_{j=1..m} x^j * w_j  +  x^m * start
//
// so that a longer string can be evaluated in parts, the last part first. The
// powers of x that it makes on the way are wiped.
Gf128 Horner(Gf128 x, absl::Span<const absl::Span<const uint8_t>> runs,
             Gf128 start);

}  // namespace skex

#endif  // SKEX_GF_GF128_H_
