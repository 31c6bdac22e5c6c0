#include "service/metrics/hub_metrics.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "service/admin/fake_control.h"
#include "service/metrics/metrics_server.h"
#include "service/metrics/scrape.h"

namespace service {
namespace {

class HubMetricsTest : public testing::Test {
 protected:
  Samples Scrape() { return SamplesOf(*metrics_); }

  FakeHubControl control_;
  std::shared_ptr<HubMetrics> metrics_ =
      std::make_shared<HubMetrics>([this] { return control_.Status(); });
};

TEST_F(HubMetricsTest, ShowsViews) {
  auto samples = Scrape();
  EXPECT_EQ(samples.at("skex_build_info{version=\"1.2.3\"}"), 1);
  EXPECT_EQ(samples.at("skex_hub_agents_connected"), 1);
  EXPECT_EQ(samples.at("skex_hub_exchanges_waiting"), 7);
  EXPECT_EQ(samples.at("skex_pad_bytes_wasted{agent=\"bob@south.example\"}"),
            512);
  EXPECT_EQ(samples.at("skex_pad_bytes_remaining{agent=\"bob@south.example\","
                       "direction=\"receive\",stream=\"otp\"}"),
            4000);
}

TEST_F(HubMetricsTest, ShowsWhatBecameOfShares) {
  auto samples = Scrape();
  EXPECT_EQ(samples.at("skex_hub_shares_total{result=\"relayed\"}"), 5);
  EXPECT_EQ(samples.at("skex_hub_shares_total{result=\"not_allowed\"}"), 2);
}

TEST_F(HubMetricsTest, CountsRejectedMessages) {
  metrics_->MessageRejected(absl::StatusCode::kInvalidArgument);
  metrics_->MessageRejected(absl::StatusCode::kNotFound);
  metrics_->MessageRejected(absl::StatusCode::kPermissionDenied);
  metrics_->MessageRejected(absl::StatusCode::kResourceExhausted);
  auto samples = Scrape();
  for (const char* reason :
       {"malformed", "unknown", "not_allowed", "exhausted"}) {
    EXPECT_EQ(samples["skex_messages_rejected_total{reason=\"" +
                      std::string(reason) + "\"}"],
              1)
        << reason;
  }
}

TEST_F(HubMetricsTest, AreServedOverHttp) {
  auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Add(metrics_);
  auto served = ParseAnswer(GetMetrics((*server)->address()));
  for (const auto& [name, value] : Scrape()) {
    EXPECT_EQ(served.at(name), value) << name;
  }
}

}  // namespace
}  // namespace service
