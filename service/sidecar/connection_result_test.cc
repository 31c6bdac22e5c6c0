#include "service/sidecar/connection_result.h"

#include <cstddef>
#include <set>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace service {
namespace {

TEST(ConnectionResult, EachHasItsOwnName) {
  std::set<absl::string_view> names;
  for (ConnectionResult result : AllConnectionResults()) {
    EXPECT_NE(ConnectionResultName(result), "");
    names.insert(ConnectionResultName(result));
  }
  EXPECT_EQ(names.size(), kConnectionResults);
}

TEST(ConnectionResult, OrderlyEndsAreNoFailures) {
  EXPECT_FALSE(IsFailure(ConnectionResult::kClosed));
  EXPECT_FALSE(IsFailure(ConnectionResult::kAppReset));
  EXPECT_FALSE(IsFailure(ConnectionResult::kIdle));
  EXPECT_FALSE(IsFailure(ConnectionResult::kMaxAge));
  EXPECT_FALSE(IsFailure(ConnectionResult::kKeyExchange));
  EXPECT_FALSE(IsFailure(ConnectionResult::kStopped));
  EXPECT_TRUE(IsFailure(ConnectionResult::kTruncated));
  EXPECT_TRUE(IsFailure(ConnectionResult::kNoKey));
  EXPECT_TRUE(IsFailure(ConnectionResult::kKeyExchangeRefused));
  EXPECT_TRUE(IsFailure(ConnectionResult::kBadProxyHeader));
  EXPECT_TRUE(IsFailure(ConnectionResult::kLimit));
  EXPECT_TRUE(IsFailure(ConnectionResult::kSourceLimit));
}

TEST(HandshakeResult, EachHasItsOwnName) {
  std::set<absl::string_view> names;
  for (size_t i = 0; i < kHandshakeResults; ++i) {
    names.insert(HandshakeResultName(static_cast<HandshakeResult>(i)));
  }
  EXPECT_EQ(names.size(), kHandshakeResults);
}

}  // namespace
}  // namespace service
