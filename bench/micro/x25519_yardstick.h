#ifndef BENCH_MICRO_X25519_YARDSTICK_H_
#define BENCH_MICRO_X25519_YARDSTICK_H_

#include <string>
#include <utility>
#include <vector>

namespace skex {

// Runs the registered benchmarks, and a shared secret of BoringSSL's X25519
// among them, in many short repetitions in random order. Prints as Google
// Benchmark does, then the ratio of each benchmark that sets its items
// processed, per item, to X25519: of the repetitions the shortest counts, which
// other load disturbed least. After them come the ratios of `pairs`, each the
// names of two benchmarks. The arguments are Google Benchmark's and override
// the number and length of repetitions. Returns the exit code of the process.
int RunAgainstX25519(
    int argc, char** argv,
    const std::vector<std::pair<std::string, std::string>>& pairs = {});

}  // namespace skex

#endif  // BENCH_MICRO_X25519_YARDSTICK_H_
