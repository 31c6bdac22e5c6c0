#include "skex/dske/sharing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/gf/gf128.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;
using ConstSpans = std::vector<absl::Span<const uint8_t>>;
using Spans = std::vector<absl::Span<uint8_t>>;

Bytes FromHex(absl::string_view hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  return Bytes(bytes.begin(), bytes.end());
}

std::vector<Gf128> Xs(size_t n) {
  std::vector<Gf128> xs;
  for (size_t i = 0; i < n; ++i) xs.push_back(Gf128(i * i, 3 * i + 1));
  return xs;
}

// A dealing of random pads, and all its strings.
struct Dealing {
  std::vector<Bytes> shares;
  Bytes secret;
};

Dealing Deal(const Sharing& sharing, size_t size) {
  SeededEntropy entropy(size + 100 * sharing.size());
  const size_t k = sharing.threshold();
  Dealing dealing{std::vector<Bytes>(sharing.size(), Bytes(size)), Bytes(size)};
  std::vector<Bytes>& shares = dealing.shares;
  for (size_t i = 0; i < k; ++i) entropy.Fill(absl::MakeSpan(shares[i]));
  EXPECT_TRUE(sharing
                  .Deal(ConstSpans(shares.begin(), shares.begin() + k),
                        Spans(shares.begin() + k, shares.end()),
                        absl::MakeSpan(dealing.secret))
                  .ok());
  return dealing;
}

ConstSpans SharesOf(const Dealing& dealing, absl::Span<const size_t> hubs) {
  ConstSpans shares;
  for (size_t hub : hubs) shares.push_back(dealing.shares[hub]);
  return shares;
}

// By sha256sum.
TEST(ShareXTest, IsTheHashOfTheName) {
  const std::pair<const char*, const char*> kVectors[] = {
      {"hub1@example.org", "0516d8a0a0d7a013a25b33d2fc6b2739"},
      {"a@b", "a6cb18fa265508f2d528636a67121498"},
  };
  for (const auto& [name, x] : kVectors) {
    EXPECT_EQ(absl::BytesToHexString(
                  AsText(ShareX(HubId::Parse(name).value()).ToBytes())),
              x);
  }
}

TEST(SharingTest, RejectsThresholdsThatDoNotFit) {
  for (auto [k, n] :
       {std::pair<size_t, size_t>{0, 3}, {4, 3}, {1, 0}, {0, 0}}) {
    EXPECT_EQ(Sharing::Create(k, Xs(n)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(SharingTest, RejectsMoreHubsThanItsLimit) {
  EXPECT_TRUE(Sharing::Create(1, Xs(32)).ok());
  EXPECT_EQ(Sharing::Create(1, Xs(33)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SharingTest, RejectsMoreSubsetsThanASearchCanTry) {
  EXPECT_TRUE(Sharing::Create(8, Xs(16)).ok());  // C(16, 8) = 12870
  EXPECT_TRUE(Sharing::Create(32, Xs(32)).ok());
  for (auto [k, n] : {std::pair<size_t, size_t>{8, 17}, {4, 32}, {16, 32}}) {
    EXPECT_EQ(Sharing::Create(k, Xs(n)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(SharingTest, RejectsAHubAtTheSecret) {
  EXPECT_EQ(Sharing::Create(2, {Gf128(), Gf128(0, 1)}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SharingTest, RejectsHubsTwiceOrOutOfOrder) {
  const Gf128 a(0, 1), b(0, 2), c(1, 0);
  EXPECT_TRUE(Sharing::Create(2, {a, b, c}).ok());
  for (const std::vector<Gf128>& xs :
       {std::vector<Gf128>{a, b, b}, {a, a, b}, {b, a, c}, {a, c, b}}) {
    EXPECT_EQ(Sharing::Create(2, xs).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

// p(x) = s + r x + q x^2 with s, r, q = element(10), element(11), element(12)
// of the script in gf128_test.cc, at x = 1, 2, 3, 5, 2^127.
TEST(SharingTest, DealsVector) {
  const std::vector<Bytes> shares = {
      FromHex("6edd230247d43c6e95da8ea72d8394ce"),
      FromHex("7893da9f16a1775d700ba854218e0ed6"),
      FromHex("5c0a258867374f9bea3928633548c6d9"),
      FromHex("e4e0cc85092ed26544075987d90e3843"),
      FromHex("4e73914922a506dde1afcd2cc2f6241f")};
  const Sharing sharing =
      Sharing::Create(3, {Gf128(0, 1), Gf128(0, 2), Gf128(0, 3), Gf128(0, 5),
                          Gf128(uint64_t{1} << 63, 0)})
          .value();
  Bytes fourth(16), fifth(16), secret(16);
  ASSERT_TRUE(sharing
                  .Deal({shares[0], shares[1], shares[2]},
                        {absl::MakeSpan(fourth), absl::MakeSpan(fifth)},
                        absl::MakeSpan(secret))
                  .ok());
  EXPECT_EQ(fourth, shares[3]);
  EXPECT_EQ(fifth, shares[4]);
  EXPECT_EQ(secret, FromHex("4a44dc15364204a80fe80e9039455cc1"));
}

// From every ordered choice of k hubs: the secret, and every share.
TEST(SharingTest, ReconstructsEverythingFromAnyThreshold) {
  for (auto [k, n] : {std::pair<size_t, size_t>{1, 1},
                      {1, 3},
                      {2, 2},
                      {2, 3},
                      {3, 5},
                      {5, 5},
                      {5, 7}}) {
    const Sharing sharing = Sharing::Create(k, Xs(n)).value();
    const Dealing dealing = Deal(sharing, 80);
    std::vector<size_t> order(n);
    std::iota(order.begin(), order.end(), size_t{0});
    do {
      const auto hubs = absl::MakeConstSpan(order).first(k);
      const ConstSpans shares = SharesOf(dealing, hubs);
      Bytes out(80);
      ASSERT_TRUE(
          sharing.Reconstruct(hubs, shares, Gf128(), absl::MakeSpan(out)).ok());
      ASSERT_EQ(out, dealing.secret);
      for (size_t i = 0; i < n; ++i) {
        ASSERT_TRUE(
            sharing
                .Reconstruct(hubs, shares, sharing.xs()[i], absl::MakeSpan(out))
                .ok());
        ASSERT_EQ(out, dealing.shares[i]);
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(SharingTest, SharesTheLargestSetsAndLongStrings) {
  for (auto [k, n] : {std::pair<size_t, size_t>{2, 32}, {31, 32}, {8, 16}}) {
    const Sharing sharing = Sharing::Create(k, Xs(n)).value();
    const Dealing dealing = Deal(sharing, 16 * 100);
    std::vector<size_t> hubs(k);
    std::iota(hubs.begin(), hubs.end(), n - k);
    Bytes out(16 * 100);
    ASSERT_TRUE(sharing
                    .Reconstruct(hubs, SharesOf(dealing, hubs), Gf128(),
                                 absl::MakeSpan(out))
                    .ok());
    EXPECT_EQ(out, dealing.secret);
  }
}

TEST(SharingTest, AChangedShareChangesTheSecret) {
  const Sharing sharing = Sharing::Create(2, Xs(3)).value();
  Dealing dealing = Deal(sharing, 16);
  dealing.shares[2][7] ^= 1;
  const std::vector<size_t> hubs = {0, 2};
  Bytes out(16);
  ASSERT_TRUE(sharing
                  .Reconstruct(hubs, SharesOf(dealing, hubs), Gf128(),
                               absl::MakeSpan(out))
                  .ok());
  EXPECT_NE(out, dealing.secret);
}

TEST(SharingTest, RefusesToDealWrongNumbersOrLengths) {
  const Sharing sharing = Sharing::Create(2, Xs(3)).value();
  const Bytes a(32), b(32), shorter(16);
  Bytes c(32), secret(32);
  const auto deal = [&](const ConstSpans& given, const Spans& others,
                        absl::Span<uint8_t> out) {
    return sharing.Deal(given, others, out).code();
  };
  const auto c_span = absl::MakeSpan(c), out = absl::MakeSpan(secret);
  const auto kRefused = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(deal({a, b}, {c_span}, out), absl::StatusCode::kOk);
  EXPECT_EQ(deal({a}, {c_span}, out), kRefused);
  EXPECT_EQ(deal({a, b, a}, {c_span}, out), kRefused);
  EXPECT_EQ(deal({a, b}, {}, out), kRefused);
  EXPECT_EQ(deal({a, b}, {c_span, c_span}, out), kRefused);
  EXPECT_EQ(deal({a, shorter}, {c_span}, out), kRefused);
  EXPECT_EQ(deal({a, b}, {c_span.first(16)}, out), kRefused);
  EXPECT_EQ(deal({a, b}, {c_span}, out.first(16)), kRefused);
  const absl::Span<const uint8_t> in = a;
  EXPECT_EQ(deal({in.first(8), in.first(8)}, {c_span.first(8)}, out.first(8)),
            kRefused);
}

TEST(SharingTest, RefusesToReconstructFromWrongHubsOrLengths) {
  const Sharing sharing = Sharing::Create(2, Xs(3)).value();
  const Bytes a(32), b(32), shorter(16);
  Bytes secret(32);
  const auto out = absl::MakeSpan(secret);
  const auto reconstruct = [&](const std::vector<size_t>& hubs,
                               const ConstSpans& shares,
                               absl::Span<uint8_t> to) {
    return sharing.Reconstruct(hubs, shares, Gf128(), to).code();
  };
  const auto kRefused = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(reconstruct({2, 0}, {a, b}, out), absl::StatusCode::kOk);
  EXPECT_EQ(reconstruct({0}, {a}, out), kRefused);
  EXPECT_EQ(reconstruct({0, 1, 2}, {a, b, a}, out), kRefused);
  EXPECT_EQ(reconstruct({1, 1}, {a, b}, out), kRefused);
  EXPECT_EQ(reconstruct({0, 3}, {a, b}, out), kRefused);
  EXPECT_EQ(reconstruct({0, 64}, {a, b}, out), kRefused);
  EXPECT_EQ(reconstruct({0, 1}, {a}, out), kRefused);
  EXPECT_EQ(reconstruct({0, 1}, {a, shorter}, out), kRefused);
  EXPECT_EQ(reconstruct({0, 1}, {a, b}, out.first(16)), kRefused);
  const absl::Span<const uint8_t> in = a;
  EXPECT_EQ(reconstruct({0, 1}, {in.first(8), in.first(8)}, out.first(8)),
            kRefused);
}

}  // namespace
}  // namespace skex
