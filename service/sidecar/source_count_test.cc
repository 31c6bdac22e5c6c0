#include "service/sidecar/source_count.h"

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "service/config/endpoint.h"
#include "service/sidecar/socket_address.h"

namespace service {
namespace {

Source At(absl::string_view endpoint) {
  return Source::Of(InetAddress::Of(
      SocketAddress::Of(Endpoint::Parse(endpoint).value()).value()));
}

TEST(Source, IsAnAddressOfIpv4WhateverThePort) {
  EXPECT_EQ(At("192.0.2.1:1"), At("192.0.2.1:2"));
  EXPECT_EQ(At("192.0.2.1:1"), At("[::ffff:192.0.2.1]:1"));
  EXPECT_FALSE(At("192.0.2.1:1") == At("192.0.2.2:1"));
}

TEST(Source, IsANetworkOfIpv6) {
  EXPECT_EQ(At("[2001:db8::1]:1"), At("[2001:db8::ffff:1:2:3]:1"));
  EXPECT_FALSE(At("[2001:db8::1]:1") == At("[2001:db8:0:1::1]:1"));
}

TEST(Source, IsThisMachineOverLoopback) {
  EXPECT_EQ(At("127.0.0.1:1"), At("127.9.9.9:1"));
  EXPECT_EQ(At("127.0.0.1:1"), At("[::1]:1"));
  EXPECT_FALSE(At("[::1]:1") == At("[::2]:1"));
}

TEST(Source, IsThisMachineOverUnixSockets) {
  EXPECT_EQ(At("unix:/a"), At("unix:/b"));
  EXPECT_FALSE(At("unix:/a") == At("127.0.0.1:1"));
  EXPECT_FALSE(At("unix:/a") == At("[::2]:1"));
}

TEST(SourceCount, LimitsEachSourceByItself) {
  SourceCount count(2);
  const Source one = At("192.0.2.1:1");
  const Source other = At("192.0.2.2:1");
  EXPECT_TRUE(count.TryAdd(one));
  EXPECT_TRUE(count.TryAdd(one));
  EXPECT_FALSE(count.TryAdd(one));
  EXPECT_TRUE(count.TryAdd(other));
}

TEST(SourceCount, EndedConnectionMakesRoomForAnother) {
  SourceCount count(1);
  const Source source = At("192.0.2.1:1");
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(count.TryAdd(source));
    EXPECT_FALSE(count.TryAdd(source));
    count.Remove(source);
  }
}

TEST(SourceCount, ZeroIsNoLimit) {
  SourceCount count(0);
  const Source source = At("192.0.2.1:1");
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(count.TryAdd(source));
  count.Remove(source);
}

}  // namespace
}  // namespace service
