// The field arithmetic, on every path that this CPU has.

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"
#include "skex/gf/gf128_kernel.h"
#include "skex/mac/one_time_mac.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;

const Gf128 kA(0x0123456789abcdef, 0xfedcba9876543210);
const Gf128 kB(0x5555aaaa3333cccc, 0x1234567812345678);

// A chain: each product waits for the one before.
void Multiply(benchmark::State& state, const Gf128Kernel* kernel) {
  Gf128 a = kA;
  for (auto _ : state) {
    a = kernel->multiply(a, kB);
    benchmark::DoNotOptimize(a);
  }
}

void MultiplyAdd(benchmark::State& state, const Gf128Kernel* kernel) {
  const size_t size = state.range(0);
  const Bytes in(size, 0x5a);
  Bytes out(size);
  for (auto _ : state) {
    kernel->mul_add(kA, in.data(), out.data(), size / Gf128::kSize);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * size);
}

// The arithmetic of one MAC; Mac() below is the whole of it.
void Evaluate(benchmark::State& state, const Gf128Kernel* kernel) {
  const Bytes message(state.range(0), 0x5a);
  const std::array<absl::Span<const uint8_t>, 1> runs = {message};
  for (auto _ : state) {
    Gf128 tag = kernel->horner(kA, runs, kB);
    benchmark::DoNotOptimize(tag);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Mac(benchmark::State& state) {
  const Bytes key(kOneTimeMacKeySize, 0x77), message(state.range(0), 0x5a);
  for (auto _ : state) {
    auto tag = ComputeOneTimeMac(key, {message});
    benchmark::DoNotOptimize(tag);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Mac)->Arg(80)->Arg(144)->Arg(1 << 10)->Arg(16 << 10);

void Invert(benchmark::State& state) {
  Gf128 a = kA;
  for (auto _ : state) {
    a = Inverse(a);
    benchmark::DoNotOptimize(a);
  }
}
BENCHMARK(Invert);

void RegisterKernels() {
  for (const Gf128Kernel* kernel : AvailableGf128Kernels()) {
    const std::string suffix = std::string("/") + kernel->name;
    benchmark::RegisterBenchmark(("Multiply" + suffix).c_str(), Multiply,
                                 kernel);
    benchmark::RegisterBenchmark(("MultiplyAdd" + suffix).c_str(), MultiplyAdd,
                                 kernel)
        ->Arg(16 << 10);
    benchmark::RegisterBenchmark(("Evaluate" + suffix).c_str(), Evaluate,
                                 kernel)
        ->Arg(1 << 10)
        ->Arg(16 << 10);
  }
}

}  // namespace
}  // namespace skex

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  skex::RegisterKernels();
  benchmark::RunSpecifiedBenchmarks();
}
