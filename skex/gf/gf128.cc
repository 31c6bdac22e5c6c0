#include "skex/gf/gf128.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "skex/gf/gf128_kernel.h"

namespace skex {
namespace {

using ConstBytes = absl::Span<const uint8_t>;
using Bytes = absl::Span<uint8_t>;

// Wrong lengths are mistakes of the calling code, never of a peer.
void Require(bool condition) {
  if (!condition) std::abort();
}

const Gf128Kernel& FastestKernel() {
  static const Gf128Kernel* const kernel = AvailableGf128Kernels().front();
  return *kernel;
}

// To or from big-endian, whichever it is not.
uint64_t BigEndian(uint64_t value) {
  return std::endian::native == std::endian::big ? value
                                                 : __builtin_bswap64(value);
}

uint64_t LoadBigEndian(const uint8_t* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return BigEndian(value);
}

void StoreBigEndian(uint64_t value, uint8_t* out) {
  value = BigEndian(value);
  std::memcpy(out, &value, sizeof value);
}

}  // namespace

std::vector<const Gf128Kernel*> AvailableGf128Kernels() {
  std::vector<const Gf128Kernel*> kernels;
  for (const Gf128Kernel* kernel : {PclmulGf128Kernel(), PmullGf128Kernel()}) {
    if (kernel != nullptr) kernels.push_back(kernel);
  }
  kernels.push_back(&PortableGf128Kernel());
  return kernels;
}

Gf128 Gf128::FromBytes(ConstBytes bytes) {
  Require(bytes.size() == kSize);
  return Gf128(LoadBigEndian(bytes.data()), LoadBigEndian(bytes.data() + 8));
}

void Gf128::CopyTo(Bytes out) const {
  Require(out.size() == kSize);
  StoreBigEndian(high_, out.data());
  StoreBigEndian(low_, out.data() + 8);
}

std::array<uint8_t, Gf128::kSize> Gf128::ToBytes() const {
  std::array<uint8_t, kSize> bytes;
  CopyTo(absl::MakeSpan(bytes));
  return bytes;
}

Gf128 operator*(Gf128 a, Gf128 b) { return FastestKernel().multiply(a, b); }

Gf128 Square(Gf128 a) { return a * a; }

Gf128 Inverse(Gf128 a) {
  // With b(n) = a^(2^n - 1): b(2n) = b(n)^(2^n) * b(n), b(n + 1) = b(n)^2 * a.
  // Six times n -> 2n + 1 lead from b(1) = a to b(127), whose square it is.
  Gf128 b = a;
  for (int n = 1; n < 127; n = 2 * n + 1) {
    Gf128 shifted = b;
    for (int i = 0; i < n; ++i) shifted = Square(shifted);
    b = Square(shifted * b) * a;
  }
  return Square(b);
}

void MulAdd(Gf128 coefficient, ConstBytes in, Bytes out) {
  Require(in.size() == out.size() && in.size() % Gf128::kSize == 0);
  FastestKernel().mul_add(coefficient, in.data(), out.data(),
                          in.size() / Gf128::kSize);
}

void Combine(absl::Span<const Gf128> matrix, absl::Span<const ConstBytes> in,
             absl::Span<const Bytes> out) {
  Require(!in.empty() && in.size() <= kMaxCombined &&
          matrix.size() == in.size() * out.size() &&
          in[0].size() % Gf128::kSize == 0);
  for (const ConstBytes& string : in) Require(string.size() == in[0].size());
  for (const Bytes& string : out) Require(string.size() == in[0].size());
  FastestKernel().combine(matrix.data(), in, out);
}

Gf128 Horner(Gf128 x, absl::Span<const ConstBytes> runs, Gf128 start) {
  for (const ConstBytes& run : runs) Require(run.size() % Gf128::kSize == 0);
  return FastestKernel().horner(x, runs, start);
}

}  // namespace skex
