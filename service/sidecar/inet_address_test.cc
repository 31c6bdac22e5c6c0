#include "service/sidecar/inet_address.h"

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "service/config/endpoint.h"

namespace service {
namespace {

absl::optional<InetAddress> Of(absl::string_view endpoint) {
  return InetAddress::Of(
      SocketAddress::Of(Endpoint::Parse(endpoint).value()).value());
}

TEST(InetAddress, IsReadFromAndWrittenAsText) {
  for (absl::string_view text : {"192.0.2.1:80", "[2001:db8::1]:65535"}) {
    EXPECT_EQ(Of(text).value().ToString(), text);
  }
}

TEST(InetAddress, UnixSocketHasNone) {
  EXPECT_FALSE(Of("unix:/tmp/socket").has_value());
}

TEST(InetAddress, MappedIpv4IsIpv4) {
  const InetAddress mapped = Of("[::ffff:192.0.2.1]:80").value();
  EXPECT_TRUE(mapped.IsV4());
  EXPECT_EQ(mapped, Of("192.0.2.1:80").value());
  EXPECT_FALSE(Of("[2001:db8::1]:80").value().IsV4());
}

TEST(InetAddress, KnowsLoopback) {
  EXPECT_TRUE(Of("127.0.0.1:1").value().IsLoopback());
  EXPECT_TRUE(Of("127.255.0.9:1").value().IsLoopback());
  EXPECT_TRUE(Of("[::1]:1").value().IsLoopback());
  EXPECT_TRUE(Of("[::ffff:127.0.0.1]:1").value().IsLoopback());
  EXPECT_FALSE(Of("128.0.0.1:1").value().IsLoopback());
  EXPECT_FALSE(Of("[::2]:1").value().IsLoopback());
}

}  // namespace
}  // namespace service
