#include "skex/dske/sharing_cache.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "skex/dske/offer.h"

namespace skex {
namespace {

std::vector<HubId> Hubs(int first, int count) {
  std::vector<HubId> hubs;
  for (int i = first; i < first + count; ++i) {
    hubs.push_back(*HubId::Parse("hub" + std::to_string(i) + "@x.example"));
  }
  std::sort(hubs.begin(), hubs.end(), BeforeByShareX);
  return hubs;
}

TEST(SharingCacheTest, GivesTheSchemeOfTheHubs) {
  SharingCache cache;
  const std::vector<HubId> hubs = Hubs(0, 5);
  const std::shared_ptr<const Sharing> sharing = cache.Get(3, hubs).value();
  EXPECT_EQ(sharing->threshold(), 3u);
  ASSERT_EQ(sharing->size(), 5u);
  for (size_t i = 0; i < hubs.size(); ++i) {
    EXPECT_EQ(sharing->xs()[i], ShareX(hubs[i]));
  }
}

TEST(SharingCacheTest, KeepsApartWhatDiffers) {
  SharingCache cache;
  const auto sharing = cache.Get(3, Hubs(0, 5)).value();
  EXPECT_EQ(cache.Get(3, Hubs(0, 5)).value(), sharing);
  EXPECT_NE(cache.Get(2, Hubs(0, 5)).value(), sharing);
  EXPECT_NE(cache.Get(3, Hubs(0, 4)).value(), sharing);
  EXPECT_NE(cache.Get(3, Hubs(1, 5)).value(), sharing);
  EXPECT_EQ(cache.Get(3, Hubs(0, 5)).value(), sharing);
}

TEST(SharingCacheTest, ForgetsWhatWasNotUsedForLongest) {
  SharingCache cache;
  const auto kept = cache.Get(2, Hubs(0, 3)).value();
  const std::weak_ptr<const Sharing> forgotten =
      cache.Get(2, Hubs(1, 3)).value();
  for (size_t i = 2; i < 2 + SharingCache::kMostKept; ++i) {
    EXPECT_EQ(cache.Get(2, Hubs(0, 3)).value(), kept);
    EXPECT_TRUE(cache.Get(2, Hubs(static_cast<int>(i), 3)).ok());
  }
  EXPECT_TRUE(forgotten.expired());
}

TEST(SharingCacheTest, PassesErrorsOn) {
  SharingCache cache;
  EXPECT_EQ(cache.Get(4, Hubs(0, 3)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace skex
