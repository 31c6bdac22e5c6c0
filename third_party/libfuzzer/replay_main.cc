// The main program of a fuzz target that is built without libFuzzer: runs the
// files named as arguments, then inputs derived from them and from nothing,
// made from a seed. The seed is printed, and SKEX_TEST_SEED sets it;
// SKEX_TEST_SEEDS is the number of derived inputs.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

constexpr uint64_t kDefaultInputs = 2000;
constexpr size_t kLongestRandomInput = 300;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Runs a copy of exactly the input's size, so that AddressSanitizer sees each
// read behind its end.
void Run(const Input& input) {
  const Input exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

size_t Below(std::mt19937_64& random, size_t bound) {
  return static_cast<size_t>(random() % bound);
}

Input RandomInput(std::mt19937_64& random) {
  Input input(Below(random, kLongestRandomInput));
  for (uint8_t& byte : input) byte = static_cast<uint8_t>(random());
  return input;
}

// Returns `input` cut, lengthened, or with bytes changed.
Input Mutated(Input input, std::mt19937_64& random) {
  switch (Below(random, 4)) {
    case 0:
      input.resize(Below(random, input.size() + 1));
      break;
    case 1:
      input.push_back(static_cast<uint8_t>(random()));
      break;
    default:
      break;
  }
  for (size_t i = Below(random, 4); i > 0 && !input.empty(); --i) {
    input[Below(random, input.size())] = static_cast<uint8_t>(random());
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Input> corpus;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    corpus.emplace_back(std::istreambuf_iterator<char>(file),
                        std::istreambuf_iterator<char>());
    std::printf("running %s\n", argv[i]);
    std::fflush(stdout);
    Run(corpus.back());
  }

  const uint64_t seed =
      FromEnvironment("SKEX_TEST_SEED", std::random_device()());
  const uint64_t inputs = FromEnvironment("SKEX_TEST_SEEDS", kDefaultInputs);
  std::printf("running %llu inputs from SKEX_TEST_SEED=%llu\n",
              static_cast<unsigned long long>(inputs),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::mt19937_64 random(seed);
  for (uint64_t i = 0; i < inputs; ++i) {
    if (corpus.empty() || Below(random, 4) == 0) {
      Run(RandomInput(random));
    } else {
      Run(Mutated(corpus[Below(random, corpus.size())], random));
    }
  }
  return 0;
}
