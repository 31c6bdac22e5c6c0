#ifndef TESTS_FUZZ_STEPS_H_
#define TESTS_FUZZ_STEPS_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/types/span.h"
#include "skex/base/bytes.h"

namespace skex {

// Ends the process, saying on standard error what does not hold, unless
// `condition` does.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// One thing to do to a state machine. What the fields mean is the target's.
struct Step {
  uint8_t what = 0;
  uint8_t who = 0;
  uint8_t which = 0;
  uint8_t value = 0;
};

// Steps is an input of a fuzz target as a sequence of steps, after one byte
// that chooses the setting. All steps have the same size, so that an input with
// a few bytes changed is still mostly the same sequence.
class Steps {
 public:
  // Longer sequences find nothing more and are slow.
  static constexpr int kMost = 100;

  // The input must outlive the object.
  Steps(const uint8_t* data, size_t size)
      : reader_(absl::MakeConstSpan(data, size)), setting_(reader_.U8()) {}

  uint8_t setting() const { return setting_; }

  // Reads the next step; false at the end.
  bool Next(Step& step) {
    step = {.what = reader_.U8(),
            .who = reader_.U8(),
            .which = reader_.U8(),
            .value = reader_.U8()};
    return reader_.ok() && count_++ < kMost;
  }

 private:
  ByteReader reader_;
  uint8_t setting_;
  int count_ = 0;
};

}  // namespace skex

#endif  // TESTS_FUZZ_STEPS_H_
