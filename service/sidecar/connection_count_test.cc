#include "service/sidecar/connection_count.h"

#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace service {
namespace {

TEST(ConnectionCount, CountsUpToItsLimit) {
  ConnectionCount count(2);
  EXPECT_TRUE(count.TryAdd());
  EXPECT_TRUE(count.TryAdd());
  EXPECT_FALSE(count.TryAdd());
  count.Remove();
  EXPECT_TRUE(count.TryAdd());
  EXPECT_EQ(count.AwaitNone(absl::InfinitePast()), 2u);
}

TEST(ConnectionCount, WaitsForTheLast) {
  ConnectionCount count(2);
  ASSERT_TRUE(count.TryAdd());
  std::thread remover([&count] { count.Remove(); });
  EXPECT_EQ(count.AwaitNone(absl::InfiniteFuture()), 0u);
  remover.join();
}

}  // namespace
}  // namespace service
