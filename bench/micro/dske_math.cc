// The arithmetic of an exchange: dealing and tagging on one side, putting
// together and verifying on the other, and the messages' MACs, all per key of
// 256 bits. X25519 in the same run is the yardstick; the last lines are the
// ratios to it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "bench/micro/x25519_yardstick.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/sharing.h"
#include "skex/dske/tag.h"
#include "skex/gf/gf128.h"
#include "skex/mac/one_time_mac.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kKeySize = 32;
// c, d, e and the key.
constexpr size_t kSecretSize = 3 * Gf128::kSize + kKeySize;
// Two names, five hubs, a hash, some numbers.
constexpr size_t kContextSize = 256;
constexpr size_t kHeaderSize = 64;

// One exchange of `batch` keys, with all the memory that it needs.
class Exchange {
 public:
  Exchange(size_t k, size_t n, size_t batch)
      : sharing_(Sharing::Create(k, Xs(n)).value()),
        batch_(batch),
        shares_(n, Bytes(batch * kSecretSize)),
        secret_(batch * kSecretSize),
        context_(kContextSize),
        header_(kHeaderSize),
        mac_key_(kOneTimeMacKeySize),
        tags_(batch) {
    SeededEntropy entropy(1);
    for (Bytes& share : shares_) entropy.Fill(absl::MakeSpan(share));
    for (Bytes* bytes : {&context_, &header_, &mac_key_}) {
      entropy.Fill(absl::MakeSpan(*bytes));
    }
    for (size_t i = 0; i < n; ++i) {
      (i < k ? given_ : completed_).push_back(absl::MakeSpan(shares_[i]));
    }
    pads_.assign(given_.begin(), given_.end());
    // Two interpolated hubs where there are two, so that nothing is for free.
    last_k_.resize(k);
    std::iota(last_k_.begin(), last_k_.end(), n - k);
    for (size_t hub : last_k_) last_shares_.push_back(shares_[hub]);
  }

  bool Deal() {
    return sharing_.Deal(pads_, completed_, absl::MakeSpan(secret_)).ok();
  }

  // The tags of all keys.
  void MakeTags() {
    for (size_t i = 0; i < batch_; ++i) tags_[i] = TagOf(i);
  }

  // The MAC of each hub's message.
  void MakeMacs() {
    for (const Bytes& share : shares_) {
      auto mac = ComputeOneTimeMac(mac_key_, {header_, share});
      benchmark::DoNotOptimize(mac);
    }
  }

  // Puts the secret together from the last k hubs and verifies all tags.
  bool Reconstruct() {
    bool ok = sharing_
                  .Reconstruct(last_k_, last_shares_, Gf128(),
                               absl::MakeSpan(secret_))
                  .ok();
    for (size_t i = 0; i < batch_; ++i) ok &= TagOf(i) == tags_[i];
    return ok;
  }

 private:
  static std::vector<Gf128> Xs(size_t n) {
    std::vector<Gf128> xs;
    for (size_t i = 1; i <= n; ++i) {
      xs.push_back(Gf128(i * 0x123456789abcdef, i * 0xfedcba987654321));
    }
    return xs;
  }

  Gf128 TagOf(size_t i) const {
    const auto secret =
        absl::MakeConstSpan(secret_).subspan(i * kSecretSize, kSecretSize);
    const auto element = [&](size_t j) {
      return Gf128::FromBytes(secret.subspan(j * Gf128::kSize, Gf128::kSize));
    };
    return KeyTag(element(0), element(1), element(2), context_,
                  {secret.last(kKeySize)});
  }

  Sharing sharing_;
  size_t batch_;
  std::vector<Bytes> shares_;
  Bytes secret_;
  Bytes context_;
  Bytes header_;
  Bytes mac_key_;
  std::vector<Gf128> tags_;
  std::vector<absl::Span<uint8_t>> given_, completed_;
  std::vector<absl::Span<const uint8_t>> pads_, last_shares_;
  std::vector<size_t> last_k_;
};

// Runs `step`, for k, n and the batch in the arguments; the time is per key.
template <class Step>
void PerKey(benchmark::State& state, Step step) {
  Exchange exchange(state.range(0), state.range(1), state.range(2));
  exchange.Deal();
  exchange.MakeTags();
  for (auto _ : state) {
    if (!step(exchange)) {
      state.SkipWithError("the exchange failed");
      return;
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

void Deal(benchmark::State& state) {
  PerKey(state, [](Exchange& exchange) { return exchange.Deal(); });
}

void DealTag(benchmark::State& state) {
  PerKey(state, [](Exchange& exchange) {
    const bool ok = exchange.Deal();
    exchange.MakeTags();
    return ok;
  });
}

void DealTagMac(benchmark::State& state) {
  PerKey(state, [](Exchange& exchange) {
    const bool ok = exchange.Deal();
    exchange.MakeTags();
    exchange.MakeMacs();
    return ok;
  });
}

void ReconstructVerify(benchmark::State& state) {
  PerKey(state, [](Exchange& exchange) { return exchange.Reconstruct(); });
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"k", "n", "keys"});
  for (int keys : {1, 256}) {
    benchmark->Args({2, 3, keys})->Args({3, 5, keys});
  }
}
BENCHMARK(Deal)->Apply(Sizes);
BENCHMARK(DealTag)->Apply(Sizes);
BENCHMARK(DealTagMac)->Apply(Sizes);
BENCHMARK(ReconstructVerify)->Apply(Sizes);

void CreateSharing(benchmark::State& state) {
  for (auto _ : state) {
    auto sharing = Sharing::Create(
        3, {Gf128(0, 1), Gf128(0, 2), Gf128(0, 3), Gf128(0, 4), Gf128(0, 5)});
    benchmark::DoNotOptimize(sharing);
  }
}
BENCHMARK(CreateSharing);

}  // namespace
}  // namespace skex

int main(int argc, char** argv) { return skex::RunAgainstX25519(argc, argv); }
