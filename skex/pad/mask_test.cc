#include "skex/pad/mask.h"

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"

namespace skex {
namespace {

TEST(MaskTest, AddsEveryByteAtAnyLengthAndAddress) {
  SeededEntropy entropy(7);
  for (size_t size = 0; size < 70; ++size) {
    for (size_t offset = 0; offset < 9; ++offset) {
      std::vector<uint8_t> bytes(size + offset), otp(size + offset);
      entropy.Fill(absl::MakeSpan(bytes));
      entropy.Fill(absl::MakeSpan(otp));
      std::vector<uint8_t> expected = bytes;
      for (size_t i = offset; i < expected.size(); ++i) expected[i] ^= otp[i];
      Mask(absl::MakeSpan(bytes).subspan(offset),
           absl::MakeConstSpan(otp).subspan(offset));
      EXPECT_EQ(bytes, expected);
    }
  }
}

TEST(MaskDeathTest, EndsTheProcessWhenLengthsDiffer) {
  std::vector<uint8_t> bytes(16), otp(15);
  EXPECT_DEATH(Mask(absl::MakeSpan(bytes), otp), "");
}

}  // namespace
}  // namespace skex
