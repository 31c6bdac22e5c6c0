#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"
#include "skex/gf/gf128_kernel.h"

namespace skex {
namespace {

__extension__ using Wide = unsigned __int128;

// The carry-less product, made of integer products, which take the same time
// for all operands on the 64-bit CPUs we build for.
//
// Integer products of operands that have at most every fourth bit set leave
// room for the carries: a column sums at most 15 ones, because x is cut to 60
// bits, so carries stay within the three bits above. Of each product only its
// own column's bit is kept. A product with a single bit has no carries, which
// serves for the four bits cut off.
Gf128 CarrylessProduct(uint64_t x, uint64_t y) {
  constexpr uint64_t kEveryFourth = 0x1111111111111111;
  constexpr uint64_t kLow60 = (uint64_t{1} << 60) - 1;
  constexpr Wide kWideEveryFourth = Wide{kEveryFourth} << 64 | kEveryFourth;

  Wide product = 0;
  for (int column = 0; column < 4; ++column) {
    Wide sum = 0;
    for (int i = 0; i < 4; ++i) {
      const uint64_t a = x & kLow60 & kEveryFourth << i;
      const uint64_t b = y & kEveryFourth << ((column - i) & 3);
      sum ^= Wide{a} * b;
    }
    product ^= sum & kWideEveryFourth << column;
  }
  for (int i = 60; i < 64; ++i) product ^= Wide{y} * (x & uint64_t{1} << i);
  return Gf128(static_cast<uint64_t>(product >> 64),
               static_cast<uint64_t>(product));
}

struct Cpu {
  using Vec = Gf128;

  static Vec Load(const uint8_t* bytes) {
    return Gf128::FromBytes({bytes, Gf128::kSize});
  }
  static void Store(Vec a, uint8_t* bytes) { a.CopyTo({bytes, Gf128::kSize}); }
  static Vec FromGf128(Gf128 a) { return a; }
  static Gf128 ToGf128(Vec a) { return a; }
  static Vec Xor(Vec a, Vec b) { return a + b; }
  static Vec MulLow(Vec a, Vec b) { return CarrylessProduct(a.low(), b.low()); }
  static Vec MulHigh(Vec a, Vec b) {
    return CarrylessProduct(a.high(), b.high());
  }
  static Vec Fold(Vec a) { return Gf128(0, a.high() ^ a.low()); }
  static Vec Up(Vec a) { return Gf128(a.low(), 0); }
  static Vec Down(Vec a) { return Gf128(0, a.high()); }
  static Vec Both(uint64_t word) { return Gf128(word, word); }
};

#define SKEX_GF_TARGET
#include "skex/gf/clmul_kernel.inc"

}  // namespace

const Gf128Kernel& PortableGf128Kernel() {
  static constexpr Gf128Kernel kKernel = KernelNamed("portable");
  return kKernel;
}

}  // namespace skex
