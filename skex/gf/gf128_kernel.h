#ifndef SKEX_GF_GF128_KERNEL_H_
#define SKEX_GF_GF128_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"

namespace skex {

// Gf128Kernel is the arithmetic of gf128.h for one kind of CPU. Its functions
// take checked arguments: lengths that fit and are multiples of 16 bytes.
//
// For gf128.cc, the tests that compare the kernels and their benchmark; all
// others call gf128.h.
struct Gf128Kernel {
  const char* name;
  Gf128 (*multiply)(Gf128 a, Gf128 b);
  void (*mul_add)(Gf128 coefficient, const uint8_t* in, uint8_t* out,
                  size_t blocks);
  void (*combine)(const Gf128* matrix,
                  absl::Span<const absl::Span<const uint8_t>> in,
                  absl::Span<const absl::Span<uint8_t>> out);
  Gf128 (*horner)(Gf128 x, absl::Span<const absl::Span<const uint8_t>> runs,
                  Gf128 start);
};

// Constant-time code for every CPU.
const Gf128Kernel& PortableGf128Kernel();

// Each of these is null where the CPU, or the target of the build, lacks the
// instructions.
const Gf128Kernel* PclmulGf128Kernel();
const Gf128Kernel* PmullGf128Kernel();

// All that this CPU can run, the fastest first; the portable one is the last.
std::vector<const Gf128Kernel*> AvailableGf128Kernels();

}  // namespace skex

#endif  // SKEX_GF_GF128_KERNEL_H_
