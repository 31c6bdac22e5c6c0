#include "skex/gf/gf128.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "skex/base/seeded_entropy.h"
#include "skex/gf/gf128_kernel.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;
using Runs = std::vector<absl::Span<const uint8_t>>;

Gf128 FromHex(absl::string_view hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  return Gf128::FromBytes(
      {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// Bit by bit, from the definition of the field.
Gf128 SlowProduct(const Gf128& a, const Gf128& b) {
  uint64_t high = 0, low = 0;
  for (int i = 127; i >= 0; --i) {
    const bool carry = high >> 63 != 0;
    high = high << 1 | low >> 63;
    low = low << 1 ^ (carry ? 0x87 : 0);
    if (((i < 64 ? b.low() : b.high()) >> (i % 64) & 1) != 0) {
      high ^= a.high();
      low ^= a.low();
    }
  }
  return Gf128(high, low);
}

// Elements where carries and reduction have their corners.
std::vector<Gf128> EdgeElements() {
  std::vector<Gf128> elements = {Gf128(), Gf128(0, 0x87), Gf128(~0ull, 0),
                                 Gf128(0, ~0ull), Gf128(~0ull, ~0ull)};
  for (int bit = 0; bit < 64; ++bit) {
    elements.push_back(Gf128(0, uint64_t{1} << bit));
    elements.push_back(Gf128(uint64_t{1} << bit, 0));
  }
  return elements;
}

// Each test runs over every kernel of this CPU.
class KernelTest : public testing::TestWithParam<const Gf128Kernel*> {
 protected:
  KernelTest() : entropy_(Seed()) {}

  static uint64_t Seed() {
    const char* text = std::getenv("SKEX_TEST_SEED");
    const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 0) : 1;
    std::cout << "seed " << seed << "\n";
    return seed;
  }

  const Gf128Kernel& kernel() const { return *GetParam(); }

  Bytes RandomBytes(size_t size) {
    Bytes bytes(size);
    entropy_.Fill(absl::MakeSpan(bytes));
    return bytes;
  }
  Gf128 RandomElement() { return Gf128::FromBytes(RandomBytes(16)); }

 private:
  SeededEntropy entropy_;
};

INSTANTIATE_TEST_SUITE_P(AllPaths, KernelTest,
                         testing::ValuesIn(AvailableGf128Kernels()),
                         [](const auto& info) {
                           return std::string(info.param->name);
                         });

// From this Python script, for n = 0, 2, 4, 6:
//
//   import hashlib
//   def mul(a, b):
//       product = 0
//       for i in range(128):
//           if b >> i & 1:
//               product ^= a << i
//       for i in range(254, 127, -1):
//           if product >> i & 1:
//               product ^= (1 << 128 | 0x87) << (i - 128)
//       return product
//   def element(n):
//       return int.from_bytes(hashlib.sha256(b"%d" % n).digest()[:16], "big")
//   for n in range(0, 8, 2):
//       a, b = element(n), element(n + 1)
//       print("%032x %032x %032x" % (a, b, mul(a, b)))
TEST_P(KernelTest, MultipliesVectors) {
  const char* const kVectors[][3] = {
      {"5feceb66ffc86f38d952786c6d696c79", "6b86b273ff34fce19d6b804eff5a3f57",
       "91eccccf38a6a3102aa6921d26ce6d66"},
      {"d4735e3a265e16eee03f59718b9b5d03", "4e07408562bedb8b60ce05c1decfe3ad",
       "26bdd7bf71aa6bd6daacfa36bdd27858"},
      {"4b227777d4dd1fc61c6f884f48641d02", "ef2d127de37b942baad06145e54b0c61",
       "ab8cc87fa35f775861fc013dc9100e63"},
      {"e7f6c011776e8db7cd330b54174fd76f", "7902699be42c8a8e46fbbb4501726517",
       "c706330855c180b864f729e645d3b322"},
  };
  for (const auto& [a, b, product] : kVectors) {
    EXPECT_TRUE(kernel().multiply(FromHex(a), FromHex(b)) == FromHex(product));
    EXPECT_TRUE(kernel().multiply(FromHex(b), FromHex(a)) == FromHex(product));
  }
}

TEST_P(KernelTest, MultipliesEdgeElementsAsTheDefinition) {
  for (const Gf128& a : EdgeElements()) {
    for (const Gf128& b : EdgeElements()) {
      ASSERT_TRUE(kernel().multiply(a, b) == SlowProduct(a, b))
          << a.high() << "," << a.low() << " " << b.high() << "," << b.low();
    }
  }
}

TEST_P(KernelTest, MultipliesRandomElementsAsTheDefinition) {
  for (int i = 0; i < 20000; ++i) {
    const Gf128 a = RandomElement(), b = RandomElement();
    ASSERT_TRUE(kernel().multiply(a, b) == SlowProduct(a, b)) << i;
  }
}

TEST_P(KernelTest, MulAddsEveryElementAtAnyAddress) {
  for (size_t blocks = 0; blocks < 20; ++blocks) {
    const Gf128 coefficient = RandomElement();
    const Bytes in = RandomBytes(16 * blocks + 1);
    Bytes out = RandomBytes(16 * blocks + 4);
    Bytes expected = out;
    for (size_t i = 0; i < blocks; ++i) {
      const absl::Span<uint8_t> at(expected.data() + 3 + 16 * i, 16);
      (Gf128::FromBytes(at) +
       SlowProduct(coefficient, Gf128::FromBytes({&in[1 + 16 * i], 16})))
          .CopyTo(at);
    }
    kernel().mul_add(coefficient, in.data() + 1, out.data() + 3, blocks);
    EXPECT_EQ(out, expected) << blocks;
  }
}

TEST_P(KernelTest, CombinesAsTheDefinition) {
  for (size_t k : {1, 2, 3, 4, 5, 32}) {
    for (size_t blocks : {0, 1, 5, 32, 33, 70}) {
      const size_t rows = 3;
      std::vector<Gf128> matrix;
      for (size_t i = 0; i < rows * k; ++i) matrix.push_back(RandomElement());
      std::vector<Bytes> in, out(rows, Bytes(16 * blocks));
      for (size_t i = 0; i < k; ++i) in.push_back(RandomBytes(16 * blocks));
      kernel().combine(
          matrix.data(), Runs(in.begin(), in.end()),
          std::vector<absl::Span<uint8_t>>(out.begin(), out.end()));
      for (size_t r = 0; r < rows; ++r) {
        for (size_t at = 0; at < 16 * blocks; at += 16) {
          Gf128 sum;
          for (size_t i = 0; i < k; ++i) {
            sum += SlowProduct(matrix[r * k + i],
                               Gf128::FromBytes({&in[i][at], 16}));
          }
          ASSERT_TRUE(Gf128::FromBytes({&out[r][at], 16}) == sum)
              << k << " inputs, row " << r << ", byte " << at;
        }
      }
    }
  }
}

TEST_P(KernelTest, EvaluatesPolynomialsAsTheDefinition) {
  for (size_t blocks = 0; blocks < 70; ++blocks) {
    const Gf128 x = RandomElement(), start = RandomElement();
    const Bytes words = RandomBytes(16 * blocks);
    Gf128 expected, power = Gf128::One();
    for (size_t i = 0; i < blocks; ++i) {
      power = SlowProduct(power, x);
      expected +=
          SlowProduct(power, Gf128::FromBytes({words.data() + 16 * i, 16}));
    }
    expected += SlowProduct(power, start);
    EXPECT_TRUE(kernel().horner(x, {words}, start) == expected) << blocks;
  }
}

TEST_P(KernelTest, EvaluatesTheSamePolynomialHoweverItIsCut) {
  const Gf128 x = RandomElement(), start = RandomElement();
  for (size_t blocks : {3, 9, 50}) {
    const Bytes words = RandomBytes(16 * blocks);
    const Gf128 whole = kernel().horner(x, {words}, start);
    for (size_t i = 0; i <= blocks; ++i) {
      for (size_t j = i; j <= blocks; ++j) {
        const absl::Span<const uint8_t> all = words;
        const Runs runs = {all.first(16 * i), all.subspan(16 * i, 16 * (j - i)),
                           all.subspan(16 * j)};
        ASSERT_TRUE(kernel().horner(x, runs, start) == whole) << i << " " << j;
      }
    }
  }
}

TEST(Gf128Test, ReadsAndWritesBigEndianBytes) {
  const Gf128 a = FromHex("0123456789abcdef8011223344556677");
  EXPECT_EQ(a.high(), 0x0123456789abcdef);
  EXPECT_EQ(a.low(), 0x8011223344556677);
  EXPECT_TRUE(Gf128::FromBytes(a.ToBytes()) == a);
}

TEST(Gf128Test, OrdersAsItsBytesDo) {
  EXPECT_LT(Gf128(0, ~0ull), Gf128(1, 0));
  EXPECT_LT(Gf128(1, 1), Gf128(1, 2));
  EXPECT_FALSE(Gf128(1, 1) < Gf128(1, 1));
}

TEST(Gf128Test, IsEqualOnlyInAllBits) {
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(Gf128(3, 5) == Gf128(3 ^ uint64_t{1} << bit, 5));
    EXPECT_FALSE(Gf128(3, 5) == Gf128(3, 5 ^ uint64_t{1} << bit));
  }
  EXPECT_TRUE(Gf128(3, 5) == Gf128(3, 5));
}

// The first element of the script above to the power 2^128 - 2, by its mul().
TEST(Gf128Test, InvertsVector) {
  EXPECT_TRUE(Inverse(FromHex("5feceb66ffc86f38d952786c6d696c79")) ==
              FromHex("c3fb435d01c4e24a998f69095bae42fb"));
}

TEST(Gf128Test, InverseTimesElementIsOne) {
  for (const Gf128& a : EdgeElements()) {
    const Gf128 product = a * Inverse(a);
    EXPECT_TRUE(product == (a == Gf128() ? Gf128() : Gf128::One()));
  }
}

TEST(Gf128Test, SquaresLikeItMultiplies) {
  for (const Gf128& a : EdgeElements()) {
    EXPECT_TRUE(Square(a) == SlowProduct(a, a));
  }
}

TEST(Gf128Test, StringFunctionsAgreeWithTheElements) {
  const Gf128 a(1, 2), b(3, 4), c(5, 6);
  const auto b_bytes = b.ToBytes();
  auto sum = c.ToBytes();
  MulAdd(a, b_bytes, absl::MakeSpan(sum));
  EXPECT_TRUE(Gf128::FromBytes(sum) == c + a * b);
  Combine({a}, {b_bytes}, {absl::MakeSpan(sum)});
  EXPECT_TRUE(Gf128::FromBytes(sum) == a * b);
  EXPECT_TRUE(Horner(a, {b_bytes}, c) == a * (b + c));
}

TEST(Gf128DeathTest, EndsTheProcessOnWrongLengths) {
  std::vector<uint8_t> bytes(64);
  const absl::Span<const uint8_t> in = bytes;
  const absl::Span<uint8_t> out = absl::MakeSpan(bytes);
  const Gf128 a(1, 2);
  EXPECT_DEATH(Gf128::FromBytes(in.first(15)), "");
  EXPECT_DEATH(a.CopyTo(out.first(17)), "");
  EXPECT_DEATH(MulAdd(a, in.first(16), out.first(32)), "");
  EXPECT_DEATH(MulAdd(a, in.first(8), out.first(8)), "");
  EXPECT_DEATH(Combine({a}, {in.first(16)}, {out.first(32)}), "");
  EXPECT_DEATH(Combine({a}, {in.first(8)}, {out.first(8)}), "");
  EXPECT_DEATH(Combine({a, a}, {in.first(16)}, {out.first(16)}), "");
  EXPECT_DEATH(Combine({}, {}, {}), "");
  EXPECT_DEATH(Horner(a, {in.first(8)}, a), "");
}

}  // namespace
}  // namespace skex
