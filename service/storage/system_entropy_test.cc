#include "service/storage/system_entropy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace service {
namespace {

TEST(SystemEntropyTest, FillsAllOfALargeBuffer) {
  // Far more than one system call returns when a signal comes.
  std::vector<uint8_t> bytes(1 << 20);
  SystemEntropy().Fill(absl::MakeSpan(bytes));
  for (size_t at = 0; at < bytes.size(); at += 4096) {
    EXPECT_TRUE(std::any_of(bytes.begin() + at, bytes.begin() + at + 4096,
                            [](uint8_t byte) { return byte != 0; }));
  }
}

TEST(SystemEntropyTest, GivesOtherBytesEachTime) {
  SystemEntropy entropy;
  std::vector<uint8_t> one(32), two(32);
  entropy.Fill(absl::MakeSpan(one));
  entropy.Fill(absl::MakeSpan(two));
  EXPECT_NE(one, two);
}

TEST(SystemEntropyTest, TakesAnEmptyBuffer) { SystemEntropy().Fill({}); }

}  // namespace
}  // namespace service
