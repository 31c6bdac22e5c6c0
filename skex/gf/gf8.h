#ifndef SKEX_GF_GF8_H_
#define SKEX_GF_GF8_H_

#include <cstdint>
#include <vector>

namespace skex {

// Gf8 is an element of GF(8) = GF(2)[x] / (x^3 + x + 1), for tests that try
// every case of what production code does over GF(2^128).
class Gf8 {
 public:
  static constexpr unsigned kOrder = 8;

  constexpr Gf8() = default;
  // The polynomial with the coefficients in the bits of `bits`, below kOrder.
  constexpr explicit Gf8(unsigned bits) : bits_(static_cast<uint8_t>(bits)) {}
  static constexpr Gf8 One() { return Gf8(1); }

  constexpr unsigned bits() const { return bits_; }

  friend constexpr Gf8 operator+(Gf8 a, Gf8 b) {
    return Gf8(a.bits_ ^ b.bits_);
  }
  // The sum of b, b * x and b * x^2, as far as `a` has the terms.
  friend constexpr Gf8 operator*(Gf8 a, Gf8 b) {
    const unsigned bx = TimesX(b.bits_);
    const unsigned bxx = TimesX(bx);
    return Gf8((a.bits_ & 1) * b.bits_ ^ (a.bits_ >> 1 & 1) * bx ^
               (a.bits_ >> 2) * bxx);
  }
  constexpr Gf8& operator+=(Gf8 other) { return *this = *this + other; }
  constexpr Gf8& operator*=(Gf8 other) { return *this = *this * other; }
  friend constexpr bool operator==(Gf8 a, Gf8 b) = default;

 private:
  static constexpr unsigned TimesX(unsigned bits) {
    return (bits << 1 & 7) ^ (bits >> 2) * 3;  // x^3 = x + 1.
  }

  uint8_t bits_ = 0;
};

// The inverse of `a`, as a^6; that of zero is zero.
constexpr Gf8 Inverse(Gf8 a) { return a * a * a * a * a * a; }

// The words of `size` elements that `number` counts, in base 8: all of them as
// `number` runs from 0 to WordCount(size) - 1.
constexpr unsigned WordCount(unsigned size) { return 1u << (3 * size); }
inline std::vector<Gf8> Gf8Words(unsigned size, unsigned number) {
  std::vector<Gf8> words;
  for (; size > 0; --size, number >>= 3) words.push_back(Gf8(number & 7));
  return words;
}

}  // namespace skex

#endif  // SKEX_GF_GF8_H_
