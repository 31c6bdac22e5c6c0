#include "skex/dske/tag.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "skex/base/bytes.h"
#include "skex/gf/gf128.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Counting(uint8_t first, size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), first);
  return bytes;
}

Gf128 Repeated(uint8_t byte) { return Gf128::FromBytes(Bytes(16, byte)); }

std::string HexTag(const Bytes& context, const Bytes& key) {
  return absl::BytesToHexString(AsText(
      KeyTag(Repeated(0xc1), Repeated(0xd2), Repeated(0xe3), context, {key})
          .ToBytes()));
}

// From this Python script, with mul(), power() and blocks() as in
// one_time_mac_test.cc:
//
//   def tag(context, key):
//       c, d, e = (int.from_bytes(bytes([n] * 16), "big")
//                  for n in (0xc1, 0xd2, 0xe3))
//       o = d ^ mul(c, e)
//       for j, word in enumerate(blocks(context) + blocks(key), 1):
//           o ^= mul(power(c, j + 1), word)
//       return "%032x" % o
//   print(tag(bytes(range(37)), bytes(range(100, 132))))
//   print(tag(b"", bytes(range(100, 132))))
//   print(tag(bytes(range(200)), bytes(range(100, 116))))
TEST(KeyTagTest, ComputesVectors) {
  EXPECT_EQ(HexTag(Counting(0, 37), Counting(100, 32)),
            "80e8d7b80638a6d80c9ac621e9355f27");
  EXPECT_EQ(HexTag({}, Counting(100, 32)), "8791870f2127ad2d874ee9e42b33d446");
  EXPECT_EQ(HexTag(Counting(0, 200), Counting(100, 16)),
            "39bae75eb34aa0149a3d37086ab2cdb3");
}

TEST(KeyTagTest, ChangesWithEveryBit) {
  Bytes context = Counting(0, 37), key = Counting(100, 32);
  const std::string tag = HexTag(context, key);
  for (Bytes* part : {&context, &key}) {
    for (uint8_t& byte : *part) {
      for (int bit = 0; bit < 8; ++bit) {
        byte ^= 1 << bit;
        EXPECT_NE(HexTag(context, key), tag);
        byte ^= 1 << bit;
      }
    }
  }
}

TEST(KeyTagTest, ChangesWithEachOfTheThreeElements) {
  const Bytes context = Counting(0, 37), key = Counting(100, 32);
  const Gf128 c(1, 2), d(3, 4), e(5, 6), one = Gf128::One();
  const Gf128 tag = KeyTag(c, d, e, context, {key});
  EXPECT_FALSE(KeyTag(c + one, d, e, context, {key}) == tag);
  EXPECT_TRUE(KeyTag(c, d + one, e, context, {key}) == tag + one);
  EXPECT_TRUE(KeyTag(c, d, e + one, context, {key}) == tag + c);
}

}  // namespace
}  // namespace skex
