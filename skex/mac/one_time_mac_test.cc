#include "skex/mac/one_time_mac.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Key() {
  Bytes key(kOneTimeMacKeySize);
  std::iota(key.begin(), key.end(), uint8_t{0x80});
  return key;
}

// Byte i is 7 * i + 1, modulo 256.
Bytes Message(size_t size) {
  Bytes message(size);
  for (size_t i = 0; i < size; ++i) {
    message[i] = static_cast<uint8_t>(7 * i + 1);
  }
  return message;
}

std::string HexMac(const Bytes& key, const Bytes& message) {
  return absl::BytesToHexString(AsText(ComputeOneTimeMac(key, {message})));
}

// From this Python script, with mul() as in gf128_test.cc:
//
//   def power(x, n):
//       return mul(power(x, n - 1), x) if n else 1
//   def blocks(s):
//       s += bytes(-len(s) % 16)
//       return [int.from_bytes(s[i:i+16], "big") for i in range(0, len(s), 16)]
//   def mac(key, message):
//       a, b = blocks(key)
//       for j, word in enumerate(blocks(message) + [len(message)], 1):
//           b ^= mul(power(a, j), word)
//       return "%032x" % b
//   for size in (0, 1, 16, 17, 80, 777):
//       print(size, mac(bytes(range(0x80, 0xa0)),
//                       bytes((7 * i + 1) % 256 for i in range(size))))
TEST(OneTimeMacTest, ComputesVectors) {
  const std::pair<size_t, const char*> kVectors[] = {
      {0, "909192939495969798999a9b9c9d9e9f"},
      {1, "dc3357b85e314fba42676bec626563ec"},
      {16, "07a141d87dbe66b7c3cf40024849cf33"},
      {17, "6b0fee294441393c1191cceab84e19db"},
      {80, "c7c35f8d2b3b4aca42b9318ca84ef54d"},
      {777, "dabf419af880d39604249b55a72a5e75"},
  };
  for (const auto& [size, tag] : kVectors) {
    EXPECT_EQ(HexMac(Key(), Message(size)), tag) << size;
  }
}

TEST(OneTimeMacTest, DoesNotDependOnThePieces) {
  const Bytes message = Message(90);
  const absl::Span<const uint8_t> all = message;
  const auto tag = ComputeOneTimeMac(Key(), {all});
  for (size_t i = 0; i <= all.size(); ++i) {
    for (size_t j = i; j <= all.size(); ++j) {
      ASSERT_EQ(ComputeOneTimeMac(Key(), {all.first(i), all.subspan(i, j - i),
                                          all.subspan(j)}),
                tag);
    }
  }
  EXPECT_EQ(ComputeOneTimeMac(Key(), {}), ComputeOneTimeMac(Key(), {{}, {}}));
}

TEST(OneTimeMacTest, AcceptsTheRightTag) {
  const Bytes message = Message(45);
  EXPECT_TRUE(
      VerifyOneTimeMac(Key(), {message}, ComputeOneTimeMac(Key(), {message})));
}

TEST(OneTimeMacTest, RejectsEveryFlippedBit) {
  Bytes key = Key(), message = Message(45);
  const auto right = ComputeOneTimeMac(key, {message});
  Bytes tag(right.begin(), right.end());
  for (Bytes* part : {&key, &message, &tag}) {
    for (uint8_t& byte : *part) {
      for (int bit = 0; bit < 8; ++bit) {
        byte ^= 1 << bit;
        EXPECT_FALSE(VerifyOneTimeMac(key, {message}, tag));
        byte ^= 1 << bit;
      }
    }
  }
  EXPECT_TRUE(VerifyOneTimeMac(key, {message}, tag));
}

TEST(OneTimeMacTest, RejectsTagsOfOtherSizes) {
  const Bytes message = Message(45);
  const auto right = ComputeOneTimeMac(Key(), {message});
  Bytes tag(right.begin(), right.end());
  tag.push_back(0);
  for (size_t size = 0; size <= tag.size(); ++size) {
    EXPECT_EQ(VerifyOneTimeMac(Key(), {message},
                               absl::MakeConstSpan(tag).first(size)),
              size == kOneTimeMacSize);
  }
}

TEST(OneTimeMacTest, TellsTrailingZerosApart) {
  const Bytes message = Message(20);
  Bytes longer = message;
  for (int i = 0; i < 30; ++i) {
    longer.push_back(0);
    EXPECT_NE(HexMac(Key(), longer), HexMac(Key(), message));
  }
}

// A tag under a key of no bytes would verify for whoever knows the message.
TEST(OneTimeMacDeathTest, EndsTheProcessOnAKeyOfAnotherSize) {
  for (size_t size : {0, 16, 31, 33, 64}) {
    const Bytes key(size), tag(kOneTimeMacSize);
    EXPECT_DEATH(ComputeOneTimeMac(key, {}), "");
    EXPECT_DEATH(VerifyOneTimeMac(key, {}, tag), "");
  }
}

TEST(OneTimeMacDeathTest, EndsTheProcessOnTooManyPieces) {
  const std::vector<absl::Span<const uint8_t>> pieces(kOneTimeMacMaxPieces + 1);
  EXPECT_DEATH(ComputeOneTimeMac(Key(), pieces), "");
}

}  // namespace
}  // namespace skex
