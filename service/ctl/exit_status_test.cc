#include "service/ctl/exit_status.h"

#include <gtest/gtest.h>

namespace service {
namespace {

TEST(ExitStatusTest, TellsWrongInputFromFailure) {
  EXPECT_EQ(ExitStatusOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitStatusOf(absl::UnavailableError("")), 1);
  EXPECT_EQ(ExitStatusOf(absl::AlreadyExistsError("")), 1);
  EXPECT_EQ(ExitStatusOf(absl::InvalidArgumentError("")), 2);
}

}  // namespace
}  // namespace service
