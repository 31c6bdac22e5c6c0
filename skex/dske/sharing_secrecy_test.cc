#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "absl/types/span.h"
#include "skex/gf/gf8.h"
#include "skex/gf/lagrange.h"

// What k - 1 shares tell about the secret, tried in full over GF(8) with the
// interpolation that Sharing runs over GF(2^128).

namespace skex {
namespace {

constexpr size_t kHubs = 5;
constexpr size_t kThreshold = 3;

struct Dealing {
  std::array<Gf8, kHubs> shares;
  Gf8 secret;
};

// As Sharing::Deal(): the first k shares are the pads, the others and the
// secret are interpolated.
std::vector<Dealing> AllDealings() {
  const LagrangeBasis<Gf8> basis({Gf8(1), Gf8(2), Gf8(4), Gf8(5), Gf8(7)});
  const std::array<size_t, kThreshold> first_k = {0, 1, 2};
  std::vector<Dealing> dealings;
  for (unsigned number = 0; number < WordCount(kThreshold); ++number) {
    const std::vector<Gf8> pads = Gf8Words(kThreshold, number);
    const auto value_at = [&](Gf8 x) {
      std::array<Gf8, kThreshold> row;
      basis.Coefficients(first_k, x, absl::MakeSpan(row));
      return row[0] * pads[0] + row[1] * pads[1] + row[2] * pads[2];
    };
    Dealing dealing;
    for (size_t hub = 0; hub < kHubs; ++hub) {
      dealing.shares[hub] = value_at(basis.points()[hub]);
    }
    dealing.secret = value_at(Gf8());
    dealings.push_back(dealing);
  }
  return dealings;
}

TEST(SharingSecrecyTest, DealsThePadsToTheFirstHubs) {
  const std::vector<Dealing> dealings = AllDealings();
  for (unsigned number = 0; number < dealings.size(); ++number) {
    const std::vector<Gf8> pads = Gf8Words(kThreshold, number);
    for (size_t hub = 0; hub < kThreshold; ++hub) {
      EXPECT_TRUE(dealings[number].shares[hub] == pads[hub]);
    }
  }
}

// Whichever two shares two hubs hold, each of the 8 secrets is equally likely.
TEST(SharingSecrecyTest, TwoOfFiveSharesAreIndependentOfTheSecret) {
  const std::vector<Dealing> dealings = AllDealings();
  for (size_t i = 0; i < kHubs; ++i) {
    for (size_t j = i + 1; j < kHubs; ++j) {
      std::map<std::array<unsigned, 3>, int> seen;
      for (const Dealing& dealing : dealings) {
        ++seen[{dealing.shares[i].bits(), dealing.shares[j].bits(),
                dealing.secret.bits()}];
      }
      EXPECT_EQ(seen.size(), 8u * 8 * 8) << "hubs " << i << " and " << j;
    }
  }
}

TEST(SharingSecrecyTest, ThreeOfFiveSharesFixTheSecret) {
  const std::vector<Dealing> dealings = AllDealings();
  for (size_t i = 0; i < kHubs; ++i) {
    for (size_t j = i + 1; j < kHubs; ++j) {
      for (size_t k = j + 1; k < kHubs; ++k) {
        std::map<std::array<unsigned, 3>, unsigned> secrets;
        for (const Dealing& dealing : dealings) {
          secrets[{dealing.shares[i].bits(), dealing.shares[j].bits(),
                   dealing.shares[k].bits()}] = dealing.secret.bits();
        }
        EXPECT_EQ(secrets.size(), dealings.size());
      }
    }
  }
}

}  // namespace
}  // namespace skex
