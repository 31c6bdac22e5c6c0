#include "skex/base/secret.h"

#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace skex {
namespace {

Secret Filled(size_t size) {
  Secret secret = Secret::OfSize(size);
  std::memset(secret.mutable_view().data(), 0xa5, size);
  return secret;
}

TEST(SecretTest, IsMoveOnly) {
  EXPECT_FALSE(std::is_copy_constructible_v<Secret>);
  EXPECT_FALSE(std::is_copy_assignable_v<Secret>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<Secret>);
}

TEST(SecretTest, StartsAsZeros) {
  Secret secret = Secret::OfSize(3);
  EXPECT_EQ(secret.view()[0] | secret.view()[1] | secret.view()[2], 0);
}

TEST(SecretTest, MoveEmptiesTheSource) {
  Secret source = Filled(32);
  Secret target = std::move(source);
  EXPECT_EQ(target.size(), 32u);
  EXPECT_TRUE(source.empty());  // NOLINT: the state after a move is defined
}

TEST(SecretTest, CloneIsIndependent) {
  Secret a = Filled(4);
  Secret b = a.Clone();
  b.mutable_view()[0] = 0;
  EXPECT_EQ(a.view()[0], 0xa5);
}

TEST(SecretTest, ComparesContentAndLength) {
  EXPECT_TRUE(EqualInConstantTime(Filled(8).view(), Filled(8).view()));
  EXPECT_FALSE(EqualInConstantTime(Filled(8).view(), Filled(9).view()));
  Secret other = Filled(8);
  other.mutable_view()[7] ^= 1;
  EXPECT_FALSE(EqualInConstantTime(Filled(8).view(), other.view()));
}

TEST(SecretTest, WipeOverwritesEveryByte) {
  uint8_t bytes[16];
  std::memset(bytes, 0xff, sizeof(bytes));
  Wipe(absl::MakeSpan(bytes));
  for (uint8_t byte : bytes) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace skex
