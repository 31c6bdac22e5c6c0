#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"
#include "skex/gf/gf128_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace skex {
namespace {

#define SKEX_GF_TARGET __attribute__((target("avx,pclmul")))
#define SKEX_CPU SKEX_GF_TARGET static inline __attribute__((always_inline))

struct Cpu {
  using Vec = __m128i;

  SKEX_CPU Vec Reverse(Vec a) {
    return _mm_shuffle_epi8(
        a, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  }
  SKEX_CPU Vec Load(const uint8_t* bytes) {
    return Reverse(_mm_loadu_si128(reinterpret_cast<const Vec*>(bytes)));
  }
  SKEX_CPU void Store(Vec a, uint8_t* bytes) {
    _mm_storeu_si128(reinterpret_cast<Vec*>(bytes), Reverse(a));
  }
  // Through two registers: the compiler would otherwise store both halves and
  // load them as one, and such a load waits until the stores are done.
  SKEX_CPU Vec FromGf128(Gf128 a) {
    uint64_t high = a.high();
    uint64_t low = a.low();
    asm("" : "+r"(high), "+r"(low));
    return _mm_set_epi64x(static_cast<int64_t>(high),
                          static_cast<int64_t>(low));
  }
  SKEX_CPU Gf128 ToGf128(Vec a) {
    return Gf128(static_cast<uint64_t>(_mm_extract_epi64(a, 1)),
                 static_cast<uint64_t>(_mm_cvtsi128_si64(a)));
  }
  SKEX_CPU Vec Xor(Vec a, Vec b) { return _mm_xor_si128(a, b); }
  SKEX_CPU Vec MulLow(Vec a, Vec b) { return _mm_clmulepi64_si128(a, b, 0x00); }
  SKEX_CPU Vec MulHigh(Vec a, Vec b) {
    return _mm_clmulepi64_si128(a, b, 0x11);
  }
  SKEX_CPU Vec Fold(Vec a) { return Xor(a, _mm_unpackhi_epi64(a, a)); }
  SKEX_CPU Vec Up(Vec a) { return _mm_slli_si128(a, 8); }
  SKEX_CPU Vec Down(Vec a) { return _mm_srli_si128(a, 8); }
  SKEX_CPU Vec Both(uint64_t word) {
    return _mm_set1_epi64x(static_cast<int64_t>(word));
  }
};

#include "skex/gf/clmul_kernel.inc"

}  // namespace

const Gf128Kernel* PclmulGf128Kernel() {
  static constexpr Gf128Kernel kKernel = KernelNamed("pclmul");
  // AVX for the encoding with three operands: the vectors are of 128 bits.
  return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("avx")
             ? &kKernel
             : nullptr;
}

}  // namespace skex

#else

namespace skex {
const Gf128Kernel* PclmulGf128Kernel() { return nullptr; }
}  // namespace skex

#endif
