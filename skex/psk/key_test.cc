#include "skex/psk/key.h"

#include "gtest/gtest.h"

namespace skex {
namespace {

TEST(KeyTest, EverySourceHasItsName) {
  EXPECT_EQ(KeySourceName(KeySource::kDske), "dske");
  EXPECT_EQ(KeySourceName(KeySource::kUnmediated), "unmediated");
  EXPECT_EQ(KeySourceName(KeySource::kBoth), "both");
}

}  // namespace
}  // namespace skex
