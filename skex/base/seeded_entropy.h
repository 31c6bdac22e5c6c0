#ifndef SKEX_BASE_SEEDED_ENTROPY_H_
#define SKEX_BASE_SEEDED_ENTROPY_H_

#include <algorithm>
#include <cstring>
#include <random>

#include "skex/base/entropy.h"

namespace skex {

// The same bytes for the same seed. For tests and simulations only.
class SeededEntropy : public Entropy {
 public:
  explicit SeededEntropy(uint64_t seed) : generator_(seed) {}
  void Fill(absl::Span<uint8_t> out) override {
    while (!out.empty()) {
      const uint64_t word = generator_();
      const size_t size = std::min(out.size(), sizeof(word));
      std::memcpy(out.data(), &word, size);
      out.remove_prefix(size);
    }
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace skex

#endif  // SKEX_BASE_SEEDED_ENTROPY_H_
