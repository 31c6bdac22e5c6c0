#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"
#include "skex/gf/gf128_kernel.h"

#if defined(__aarch64__) && defined(__linux__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

namespace skex {
namespace {

#if defined(__clang__)
#define SKEX_GF_TARGET __attribute__((target("aes")))
#else
#define SKEX_GF_TARGET __attribute__((target("+crypto")))
#endif
#define SKEX_CPU SKEX_GF_TARGET static inline __attribute__((always_inline))

struct Cpu {
  using Vec = uint64x2_t;

  SKEX_CPU uint8x16_t Reverse(uint8x16_t bytes) {
    const uint8x16_t halves = vrev64q_u8(bytes);
    return vextq_u8(halves, halves, 8);
  }
  SKEX_CPU Vec Load(const uint8_t* bytes) {
    return vreinterpretq_u64_u8(Reverse(vld1q_u8(bytes)));
  }
  SKEX_CPU void Store(Vec a, uint8_t* bytes) {
    vst1q_u8(bytes, Reverse(vreinterpretq_u8_u64(a)));
  }
  SKEX_CPU Vec FromGf128(Gf128 a) {
    return vcombine_u64(vcreate_u64(a.low()), vcreate_u64(a.high()));
  }
  SKEX_CPU Gf128 ToGf128(Vec a) {
    return Gf128(vgetq_lane_u64(a, 1), vgetq_lane_u64(a, 0));
  }
  SKEX_CPU Vec Xor(Vec a, Vec b) { return veorq_u64(a, b); }
  SKEX_CPU Vec MulLow(Vec a, Vec b) {
    return vreinterpretq_u64_p128(
        vmull_p64(static_cast<poly64_t>(vgetq_lane_u64(a, 0)),
                  static_cast<poly64_t>(vgetq_lane_u64(b, 0))));
  }
  SKEX_CPU Vec MulHigh(Vec a, Vec b) {
    return vreinterpretq_u64_p128(
        vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
  }
  SKEX_CPU Vec Fold(Vec a) { return Xor(a, vextq_u64(a, a, 1)); }
  SKEX_CPU Vec Up(Vec a) { return vextq_u64(vdupq_n_u64(0), a, 1); }
  SKEX_CPU Vec Down(Vec a) { return vextq_u64(a, vdupq_n_u64(0), 1); }
  SKEX_CPU Vec Both(uint64_t word) { return vdupq_n_u64(word); }
};

#include "skex/gf/clmul_kernel.inc"

}  // namespace

const Gf128Kernel* PmullGf128Kernel() {
  static constexpr Gf128Kernel kKernel = KernelNamed("pmull");
  return (getauxval(AT_HWCAP) & HWCAP_PMULL) != 0 ? &kKernel : nullptr;
}

}  // namespace skex

#else

namespace skex {
const Gf128Kernel* PmullGf128Kernel() { return nullptr; }
}  // namespace skex

#endif
