#include "service/sidecar/complaint_budget.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace service {
namespace {

TEST(ComplaintBudget, IsOneInEachInterval) {
  ComplaintBudget budget;
  absl::Duration now = absl::Hours(1);
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(budget.TryTake(now));
    EXPECT_FALSE(budget.TryTake(now));
    now += ComplaintBudget::kInterval - absl::Nanoseconds(1);
    EXPECT_FALSE(budget.TryTake(now));
    now += absl::Nanoseconds(1);
  }
}

}  // namespace
}  // namespace service
