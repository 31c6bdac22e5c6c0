#include "bench/micro/x25519_yardstick.h"

#include <benchmark/benchmark.h>
#include <openssl/curve25519.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace skex {
namespace {

constexpr char kYardstick[] = "X25519SharedSecret";

void X25519SharedSecret(benchmark::State& state) {
  std::array<uint8_t, X25519_PRIVATE_KEY_LEN> own_private, peer_private;
  std::array<uint8_t, X25519_PUBLIC_VALUE_LEN> own_public, peer_public, shared;
  X25519_keypair(own_public.data(), own_private.data());
  X25519_keypair(peer_public.data(), peer_private.data());
  for (auto _ : state) {
    if (X25519(shared.data(), own_private.data(), peer_public.data()) != 1) {
      state.SkipWithError("X25519 failed");
      return;
    }
    benchmark::DoNotOptimize(shared);
  }
  state.SetItemsProcessed(state.iterations());
}

// Prints as usual, and keeps the time per item of each benchmark.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  RatioReporter() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("items_per_second");
      if (run.error_occurred || run.run_type != Run::RT_Iteration ||
          rate == run.counters.end()) {
        continue;
      }
      const double seconds = 1 / rate->second.value;
      // Arguments only: not how long or by which clock it ran.
      const std::string name =
          run.run_name.args.empty()
              ? run.run_name.function_name
              : run.run_name.function_name + "/" + run.run_name.args;
      const auto [entry, is_new] = seconds_.emplace(name, seconds);
      if (!is_new) entry->second = std::min(entry->second, seconds);
    }
  }

  void PrintRatios() const {
    const auto yardstick = seconds_.find(kYardstick);
    if (yardstick == seconds_.end()) return;
    for (const auto& [name, seconds] : seconds_) {
      if (name == yardstick->first) continue;
      std::printf("ratio %s/x25519 %.4f  (%.3f us)\n", name.c_str(),
                  seconds / yardstick->second, seconds * 1e6);
    }
  }

  void PrintRatio(const std::string& of, const std::string& to) const {
    const auto numerator = seconds_.find(of);
    const auto denominator = seconds_.find(to);
    if (numerator == seconds_.end() || denominator == seconds_.end()) return;
    std::printf("ratio %s/%s %.4f\n", of.c_str(), to.c_str(),
                numerator->second / denominator->second);
  }

 private:
  std::map<std::string, double> seconds_;
};

}  // namespace

int RunAgainstX25519(
    int argc, char** argv,
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  // Defaults, before what the caller says.
  std::string repetitions = "--benchmark_repetitions=40";
  std::string interleaved = "--benchmark_enable_random_interleaving=true";
  std::string min_time = "--benchmark_min_time=0.01";
  std::vector<char*> args(argv, argv + argc);
  args.insert(args.begin() + 1,
              {repetitions.data(), interleaved.data(), min_time.data()});
  int count = static_cast<int>(args.size());
  benchmark::Initialize(&count, args.data());
  if (benchmark::ReportUnrecognizedArguments(count, args.data())) return 2;
  benchmark::RegisterBenchmark(kYardstick, X25519SharedSecret);
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.PrintRatios();
  for (const auto& [of, to] : pairs) reporter.PrintRatio(of, to);
  return 0;
}

}  // namespace skex
