#include "service/metrics/metrics_server.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "service/metrics/scrape.h"

namespace service {
namespace {

TEST(MetricsServerTest, ServesWhatIsAdded) {
  auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  auto registry = std::make_shared<prometheus::Registry>();
  auto& gauge =
      prometheus::BuildGauge().Name("some").Register(*registry).Add({});
  (*server)->Add(registry);
  gauge.Set(5);
  EXPECT_EQ(ParseAnswer(GetMetrics((*server)->address()))["some"], 5);
  gauge.Set(6);
  EXPECT_EQ(ParseAnswer(GetMetrics((*server)->address()))["some"], 6);
}

TEST(MetricsServerTest, KeepsWhatIsAddedAlive) {
  auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  {
    auto registry = std::make_shared<prometheus::Registry>();
    prometheus::BuildGauge().Name("some").Register(*registry).Add({}).Set(5);
    (*server)->Add(std::move(registry));
  }
  EXPECT_EQ(ParseAnswer(GetMetrics((*server)->address()))["some"], 5);
}

TEST(MetricsServerTest, TellsThePortThatTheSystemChose) {
  auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(absl::StartsWith((*server)->address(), "127.0.0.1:"));
  EXPECT_NE((*server)->address(), "127.0.0.1:0");
}

TEST(MetricsServerTest, TakesHostName) {
  auto server = MetricsServer::Start("localhost:0");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_FALSE(absl::StrContains((*server)->address(), "localhost"));
}

TEST(MetricsServerTest, SaysThatPortIsTaken) {
  auto first = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = MetricsServer::Start((*first)->address());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(second.status().message(), (*first)->address()))
      << second.status();
}

TEST(MetricsServerTest, FreesPortAtTheEnd) {
  auto first = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string address = (*first)->address();
  first->reset();
  EXPECT_EQ(GetMetrics(address), "");
  EXPECT_TRUE(MetricsServer::Start(address).ok());
}

TEST(MetricsServerTest, RefusesWhatIsNoAddress) {
  for (const char* listen :
       {"", "9464", "127.0.0.1", "127.0.0.1:", ":9464", "127.0.0.1:65536",
        "127.0.0.1:99999999999", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
        "127.0.0.1:9464s", "127.0.0.1:0,127.0.0.1:0s", "127.0.0.1:9464r",
        "::1:0", "[]:0", "unix:/path"}) {
    EXPECT_EQ(MetricsServer::Start(listen).status().code(),
              absl::StatusCode::kInvalidArgument)
        << listen;
  }
}

TEST(MetricsServerTest, RefusesAddressOfAnotherMachine) {
  // 192.0.2.0/24 is for documentation: no machine has it.
  EXPECT_EQ(MetricsServer::Start("192.0.2.1:0").status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace service
