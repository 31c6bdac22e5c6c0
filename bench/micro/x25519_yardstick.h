#ifndef BENCH_MICRO_X25519_YARDSTICK_H_
#define BENCH_MICRO_X25519_YARDSTICK_H_

namespace skex {

// Runs the registered benchmarks, and a shared secret of BoringSSL's X25519
// beside them. Prints as Google Benchmark does, then the ratio of each
// benchmark that sets its items processed, per item, to X25519: of several
// repetitions the shortest counts, which other load disturbed least.
void RunAgainstX25519();

}  // namespace skex

#endif  // BENCH_MICRO_X25519_YARDSTICK_H_
