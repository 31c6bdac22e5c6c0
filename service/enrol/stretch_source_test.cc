#include "service/enrol/stretch_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"

namespace service {
namespace {

// A physical source that has `bytes`, then ends.
class FakePhysicalSource : public RandomSource {
 public:
  explicit FakePhysicalSource(std::string bytes) : bytes_(std::move(bytes)) {}

  skex::PadSource kind() const override { return skex::PadSource::kPhysical; }
  absl::Status Fill(absl::Span<uint8_t> out) override {
    if (out.size() > bytes_.size()) return absl::OutOfRangeError("ended");
    std::copy_n(bytes_.begin(), out.size(), out.begin());
    bytes_.erase(0, out.size());
    return absl::OkStatus();
  }

 private:
  std::string bytes_;
};

std::string Seed(uint64_t number) {
  std::string seed(32, '\0');
  skex::SeededEntropy(number).Fill(
      {reinterpret_cast<uint8_t*>(seed.data()), seed.size()});
  return seed;
}

// The first bytes of a pad from this seed, in pieces of these sizes.
std::string Stretched(const std::string& seed,
                      const std::vector<size_t>& pieces) {
  FakePhysicalSource physical(seed);
  auto source = StretchSource::Create(physical);
  EXPECT_TRUE(source.ok()) << source.status();
  std::string all;
  for (size_t size : pieces) {
    std::vector<uint8_t> piece(size, 0xff);
    EXPECT_TRUE((*source)->Fill(absl::MakeSpan(piece)).ok());
    absl::StrAppend(&all, skex::AsText(piece));
  }
  return all;
}

// NIST SP 800-38A, F.5.5.
TEST(CounterModeStreamTest, MatchesTheVectorOfTheStandard) {
  const std::string key = absl::HexStringToBytes(
      "603deb1015ca71be2b73aef0857d7781"
      "1f352c073b6108d72d9810a30914dff4");
  const std::string plain = absl::HexStringToBytes(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  CounterModeStream::Block first;
  for (size_t i = 0; i < first.size(); ++i) {
    first[i] = static_cast<uint8_t>(0xf0 + i);
  }
  CounterModeStream stream(skex::AsBytes(key), first);
  std::vector<uint8_t> bytes(plain.size());
  stream.Fill(absl::MakeSpan(bytes));
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= static_cast<uint8_t>(plain[i]);
  }
  EXPECT_EQ(absl::BytesToHexString(skex::AsText(bytes)),
            "601ec313775789a5b7a7f504bbf3d228"
            "f443e3ca4d62b59aca84e990cacaf5c5"
            "2b0930daa23de94ce87017ba2d84988d"
            "dfc9c58db67aada613c2dd08457941a6");
}

TEST(StretchSourceTest, IsOfItsOwnKind) {
  FakePhysicalSource physical(Seed(1));
  auto source = StretchSource::Create(physical);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->kind(), skex::PadSource::kStretch);
}

TEST(StretchSourceTest, IsTheKeyStreamOfTheSeedFromCounterZero) {
  const std::string seed = Seed(1);
  CounterModeStream stream(skex::AsBytes(seed), CounterModeStream::Block{});
  std::vector<uint8_t> want(100);
  stream.Fill(absl::MakeSpan(want));
  EXPECT_EQ(Stretched(seed, {100}), skex::AsText(want));
}

TEST(StretchSourceTest, GivesTheSameStreamInPiecesOfAnySize) {
  const std::string whole = Stretched(Seed(1), {4096});
  EXPECT_EQ(Stretched(Seed(1), {0, 1, 15, 16, 17, 0, 31, 3000, 1016}), whole);
  EXPECT_EQ(Stretched(Seed(1), std::vector<size_t>(4096, 1)), whole);
}

TEST(StretchSourceTest, SeedsThatDifferInOneBitDiffer) {
  std::string other = Seed(1);
  other[31] = static_cast<char>(other[31] ^ 1);
  const std::string a = Stretched(Seed(1), {4096});
  const std::string b = Stretched(other, {4096});
  // Every block does, or bytes would stand in two pads.
  for (size_t at = 0; at < a.size(); at += 16) {
    EXPECT_NE(a.substr(at, 16), b.substr(at, 16)) << at;
  }
}

TEST(StretchSourceTest, NeverRepeatsABlock) {
  const std::string stream = Stretched(Seed(1), {1 << 16});
  std::vector<std::string> blocks;
  for (size_t at = 0; at < stream.size(); at += 16) {
    blocks.push_back(stream.substr(at, 16));
  }
  std::sort(blocks.begin(), blocks.end());
  EXPECT_EQ(std::adjacent_find(blocks.begin(), blocks.end()), blocks.end());
}

TEST(StretchSourceTest, TakesNoMoreThanTheSeed) {
  FakePhysicalSource physical(Seed(1) + "x");
  ASSERT_TRUE(StretchSource::Create(physical).ok());
  uint8_t next = 0;
  ASSERT_TRUE(physical.Fill(absl::MakeSpan(&next, 1)).ok());
  EXPECT_EQ(next, 'x');
}

TEST(StretchSourceTest, PassesTheErrorsOfTheSourceOn) {
  FakePhysicalSource physical(Seed(1).substr(0, 31));
  EXPECT_EQ(StretchSource::Create(physical).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(StretchSourceTest, RefusesASourceThatHasStopped) {
  FakePhysicalSource physical(std::string(32, 'x'));
  const absl::Status status = StretchSource::Create(physical).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "the random source gave one byte 32 times as the seed; it is not "
            "random, use another");
}

TEST(StretchSourceTest, RefusesToStretchAGenerator) {
  skex::SeededEntropy entropy(1);
  GeneratorSource generator(&entropy);
  const absl::Status status = StretchSource::Create(generator).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), "--random-source"));
}

}  // namespace
}  // namespace service
