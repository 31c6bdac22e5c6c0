#include "service/config/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace service {
namespace {

TEST(EndpointTest, ReadsAddressesAndWritesThemBack) {
  for (const char* text :
       {"127.0.0.1:80", "0.0.0.0:0", "[::1]:8443", "[2001:db8::1]:65535",
        "localhost:1", "hub-1.one.example:7001", "unix:/run/skex/web.sock",
        "unix:web.sock"}) {
    absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), text);
  }
}

TEST(EndpointTest, TakesHostAndPortApart) {
  const Endpoint endpoint = *Endpoint::Parse("[::1]:8443");
  EXPECT_EQ(endpoint.kind, Endpoint::Kind::kTcp);
  EXPECT_EQ(endpoint.host, "::1");
  EXPECT_EQ(endpoint.port, 8443);
  EXPECT_EQ(Endpoint::Parse("unix:/a:80")->path, "/a:80");
}

TEST(EndpointTest, RefusesEverythingElse) {
  for (const std::string& text : {std::string(""),
                                  std::string("127.0.0.1"),
                                  std::string(":80"),
                                  std::string("127.0.0.1:"),
                                  std::string("127.0.0.1:65536"),
                                  std::string("127.0.0.1:-1"),
                                  std::string("127.0.0.1:+1"),
                                  std::string("127.0.0.1: 80"),
                                  std::string("127.0.0.1:000080"),
                                  std::string("256.0.0.1:80"),
                                  std::string("127.1:80"),
                                  std::string("1.2.3.4.5:80"),
                                  std::string("::1:80"),
                                  std::string("[::1:80"),
                                  std::string("[1.2.3.4]:80"),
                                  std::string("a..b:80"),
                                  std::string("-a:80"),
                                  std::string("a b:80"),
                                  std::string("*:80"),
                                  std::string("http://a:80"),
                                  std::string("unix:"),
                                  "unix:/" + std::string(kMaxUnixPathSize, 'x'),
                                  std::string("unix:/a\0b", 9),
                                  std::string("a\0b:80", 6),
                                  std::string(300, 'a') + ":80",
                                  std::string(64, 'a') + ":80"}) {
    const absl::Status status = Endpoint::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(EndpointTest, SaysWhatIsWrongAndWhatIsRight) {
  EXPECT_EQ(Endpoint::Parse("127.0.0.1:99999").status().message(),
            "'127.0.0.1:99999' is not an address: the port is not a number "
            "from 0 to 65535; want ip:port, [ipv6]:port, host:port or "
            "unix:/path");
}

TEST(EndpointTest, TakesTheLongestUnixPath) {
  EXPECT_TRUE(
      Endpoint::Parse("unix:" + std::string(kMaxUnixPathSize, 'x')).ok());
}

TEST(EndpointTest, KnowsLoopbackAddresses) {
  for (const char* text : {"127.0.0.1:80", "127.255.0.9:80", "[::1]:80",
                           "localhost:80", "LOCALHOST:80"}) {
    EXPECT_TRUE(Endpoint::Parse(text)->IsLoopback()) << text;
    EXPECT_TRUE(Endpoint::Parse(text)->IsLocal()) << text;
  }
  for (const char* text :
       {"0.0.0.0:80", "128.0.0.1:80", "[::]:80", "[::ffff:10.0.0.1]:80",
        "localhost.example:80", "10.0.0.1:80"}) {
    EXPECT_FALSE(Endpoint::Parse(text)->IsLoopback()) << text;
    EXPECT_FALSE(Endpoint::Parse(text)->IsLocal()) << text;
  }
}

TEST(EndpointTest, TakesAUnixSocketAsLocal) {
  EXPECT_FALSE(Endpoint::Parse("unix:/a")->IsLoopback());
  EXPECT_TRUE(Endpoint::Parse("unix:/a")->IsLocal());
}

}  // namespace
}  // namespace service
