#include "service/sidecar/rate_budget.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace service {
namespace {

TEST(RateBudget, IsLimitedForEachSecond) {
  RateBudget budget(3);
  absl::Duration now = absl::Hours(1);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(budget.TryTake(now + absl::Milliseconds(i)));
    }
    now += absl::Seconds(1);
    EXPECT_FALSE(budget.TryTake(now - absl::Nanoseconds(1)));
  }
}

TEST(RateBudget, MayBeTakenOnceAfterALongTime) {
  RateBudget budget(1);
  EXPECT_TRUE(budget.TryTake(absl::Hours(1)));
  EXPECT_FALSE(budget.TryTake(absl::Hours(1)));
  EXPECT_TRUE(budget.TryTake(absl::Hours(9)));
  EXPECT_FALSE(budget.TryTake(absl::Hours(9)));
}

}  // namespace
}  // namespace service
