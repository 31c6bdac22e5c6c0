#include "service/sidecar/retry_budget.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace service {
namespace {

TEST(RetryBudget, IsLimitedForEachSecond) {
  RetryBudget budget;
  const absl::Duration now = absl::Hours(1);
  for (uint32_t i = 0; i < RetryBudget::kPerSecond; ++i) {
    ASSERT_TRUE(budget.TryTake(now + absl::Milliseconds(i)));
  }
  EXPECT_FALSE(budget.TryTake(now + absl::Milliseconds(999)));
  EXPECT_TRUE(budget.TryTake(now + absl::Seconds(1)));
}

}  // namespace
}  // namespace service
