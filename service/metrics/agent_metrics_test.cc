#include "service/metrics/agent_metrics.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "service/admin/fake_control.h"
#include "service/metrics/metrics_server.h"
#include "service/metrics/scrape.h"

namespace service {
namespace {

const char kBob[] = "bob@south.example";
const char kHub1[] = "hub1@one.example";

// An agent with the views of FakeAgentControl and one tunnel.
class AgentMetricsTest : public testing::Test {
 protected:
  AgentMetricsTest() {
    tunnel_.name = "to-bob";
    tunnel_.kind = TunnelKind::kOutbound;
  }

  Samples Scrape() { return SamplesOf(*metrics_); }

  FakeAgentControl control_;
  TunnelSnapshot tunnel_;
  std::shared_ptr<AgentMetrics> metrics_ = std::make_shared<AgentMetrics>(
      AgentMetrics::Names{{kBob, "carol@east.example", "dave@west.example"},
                          {kHub1}},
      [this] {
        return AgentMetrics::Snapshot{control_.Status(), {tunnel_}};
      });
};

TEST_F(AgentMetricsTest, ShowsViews) {
  auto samples = Scrape();
  EXPECT_EQ(samples.at("skex_build_info{version=\"1.2.3\","
                       "boringssl=\"abcdef\"}"),
            1);
  EXPECT_EQ(samples.at("skex_keys_ready{peer=\"bob@south.example\"}"), 3);
  EXPECT_EQ(samples.at("skex_keys_ready{peer=\"carol@east.example\"}"), 0);
  EXPECT_EQ(samples.at("skex_keys_ready{peer=\"dave@west.example\"}"), 3);
  EXPECT_EQ(samples.at("skex_hub_connected{hub=\"hub1@one.example\"}"), 1);
  EXPECT_EQ(samples.at("skex_hub_connected{hub=\"hub2@two.example\"}"), 0);
  EXPECT_EQ(samples.at("skex_pad_bytes_wasted{hub=\"hub1@one.example\"}"), 512);
  EXPECT_EQ(samples.at("skex_pad_left_ratio{hub=\"hub1@one.example\"}"), 0.25);
  EXPECT_EQ(samples.at("skex_pad_time_left_seconds{hub=\"hub1@one.example\"}"),
            50 * 3600);
  EXPECT_EQ(samples.at("skex_pad_syncs_total{hub=\"hub1@one.example\"}"), 9);
  const std::string pad = "skex_pad_bytes_remaining{hub=\"hub1@one.example\",";
  EXPECT_EQ(samples.at(pad + "direction=\"send\",stream=\"mac\"}"), 1000);
  EXPECT_EQ(samples.at(pad + "direction=\"send\",stream=\"otp\"}"), 2000);
  EXPECT_EQ(samples.at(pad + "direction=\"receive\",stream=\"mac\"}"), 3000);
  EXPECT_EQ(samples.at(pad + "direction=\"receive\",stream=\"otp\"}"), 4000);
}

TEST_F(AgentMetricsTest, ShowsLanes) {
  auto samples = Scrape();
  const std::string carol = "{peer=\"carol@east.example\"}";
  EXPECT_EQ(samples.at("skex_lane_connected" + carol), 1);
  EXPECT_EQ(samples.at("skex_lane_leaves_left" + carol), 4294965247);
  EXPECT_EQ(samples.at("skex_lane_rollbacks_total" + carol), 1);
  EXPECT_EQ(samples.at("skex_lane_skipped_leaves_total" + carol), 5);
  EXPECT_EQ(samples.at("skex_lane_reroots_total" + carol), 2);
  EXPECT_EQ(samples.at("skex_lane_hubs_down" + carol), 1);
  const std::string dave = "{peer=\"dave@west.example\"}";
  EXPECT_EQ(samples.at("skex_lane_connected" + dave), 0);
  EXPECT_EQ(samples.at("skex_lane_rollbacks_total" + dave), 0);
}

TEST_F(AgentMetricsTest, ShowsWhatKeysRestOn) {
  auto samples = Scrape();
  const std::string bob = "skex_keys{peer=\"bob@south.example\",role=";
  const std::string rest = ",source=\"dske\",label=\"computational\"}";
  EXPECT_EQ(samples.at(bob + "\"dial\"" + rest), 4);
  EXPECT_EQ(samples.at(bob + "\"accept\"" + rest), 1);
}

TEST_F(AgentMetricsTest, ShowsNoLanesOfPeersThatHaveNone) {
  for (const auto& [name, value] : Scrape()) {
    EXPECT_FALSE(absl::StartsWith(name, "skex_lane_") &&
                 absl::StrContains(name, kBob))
        << name;
  }
}

TEST_F(AgentMetricsTest, CountsExchanges) {
  metrics_->ExchangeFinished(kBob, absl::OkStatus(), absl::Milliseconds(20));
  metrics_->ExchangeFinished(kBob, absl::OkStatus(), absl::Milliseconds(300));
  metrics_->ExchangeFinished(kBob, absl::DeadlineExceededError("late"),
                             absl::Seconds(3));
  auto samples = Scrape();
  const std::string total = "skex_exchanges_total{peer=\"bob@south.example\",";
  EXPECT_EQ(samples.at(total + "result=\"ok\"}"), 2);
  EXPECT_EQ(samples.at(total + "result=\"deadline_exceeded\"}"), 1);
  const std::string took = "skex_exchange_duration_seconds_";
  EXPECT_EQ(samples.at(took + "count{peer=\"bob@south.example\"}"), 2);
  EXPECT_NEAR(samples.at(took + "sum{peer=\"bob@south.example\"}"), 0.32, 1e-9);
  EXPECT_EQ(
      samples.at(took + "bucket{peer=\"bob@south.example\",le=\"0.025\"}"), 1);
  EXPECT_EQ(samples.at(took + "bucket{peer=\"bob@south.example\",le=\"0.5\"}"),
            2);
}

TEST_F(AgentMetricsTest, ConfiguredPeersBeginAtZero) {
  auto samples = Scrape();
  EXPECT_EQ(samples.at("skex_exchanges_total{peer=\"carol@east.example\","
                       "result=\"ok\"}"),
            0);
  EXPECT_EQ(samples.at("skex_exchange_duration_seconds_count{"
                       "peer=\"carol@east.example\"}"),
            0);
}

TEST_F(AgentMetricsTest, NamesOfStrangersDoNotBecomeLabels) {
  metrics_->ExchangeFinished("mallory@west.example", absl::OkStatus(),
                             absl::Milliseconds(1));
  metrics_->ShareInconsistent("hub9@nine.example", "mallory@west.example");
  metrics_->ShareInconsistent(kHub1, kBob);
  auto samples = Scrape();
  for (const auto& [name, value] : samples) {
    EXPECT_FALSE(absl::StrContains(name, "mallory")) << name;
    EXPECT_FALSE(absl::StrContains(name, "hub9")) << name;
  }
  EXPECT_EQ(samples.at("skex_exchanges_total{peer=\"other\",result=\"ok\"}"),
            1);
  EXPECT_EQ(samples.at("skex_share_inconsistent_total{hub=\"other\","
                       "initiator=\"other\"}"),
            1);
  EXPECT_EQ(samples.at("skex_share_inconsistent_total{"
                       "hub=\"hub1@one.example\","
                       "initiator=\"bob@south.example\"}"),
            1);
}

TEST_F(AgentMetricsTest, PeersMayComeAndGo) {
  const std::string erin = "erin@north.example";
  metrics_->SetPeers({erin});
  metrics_->ExchangeFinished(erin, absl::OkStatus(), absl::Milliseconds(1));
  metrics_->ExchangeFinished(kBob, absl::OkStatus(), absl::Milliseconds(1));
  auto samples = Scrape();
  const auto ok = [&](const std::string& peer) {
    return samples.at("skex_exchanges_total{peer=\"" + peer +
                      "\",result=\"ok\"}");
  };
  EXPECT_EQ(ok(erin), 1);
  EXPECT_EQ(ok(kBob), 0);
  EXPECT_EQ(ok("other"), 1);
}

TEST_F(AgentMetricsTest, CountsRejectedMessages) {
  metrics_->MessageRejected(absl::StatusCode::kDataLoss);
  metrics_->MessageRejected(absl::StatusCode::kUnauthenticated);
  metrics_->MessageRejected(absl::StatusCode::kAlreadyExists);
  metrics_->MessageRejected(absl::StatusCode::kAborted);
  auto samples = Scrape();
  const std::string rejected = "skex_messages_rejected_total{reason=";
  EXPECT_EQ(samples.at(rejected + "\"authentication\"}"), 2);
  EXPECT_EQ(samples.at(rejected + "\"replay\"}"), 1);
  EXPECT_EQ(samples.at(rejected + "\"other\"}"), 1);
}

TEST_F(AgentMetricsTest, ShowsTunnels) {
  tunnel_.open = 3;
  tunnel_.results[static_cast<size_t>(ConnectionResult::kClosed)] = 10;
  tunnel_.results[static_cast<size_t>(ConnectionResult::kNoKey)] = 2;
  tunnel_.sent_bytes = 4096;
  tunnel_.received_bytes = 5000000000;
  auto samples = Scrape();
  EXPECT_EQ(samples.at("sidecar_connections_open{tunnel=\"to-bob\"}"), 3);
  const std::string total = "sidecar_connections_total{tunnel=\"to-bob\",";
  EXPECT_EQ(samples.at(total + "result=\"closed\"}"), 10);
  EXPECT_EQ(samples.at(total + "result=\"no_key\"}"), 2);
  EXPECT_EQ(samples.at(total + "result=\"idle_timeout\"}"), 0);
  const std::string bytes = "sidecar_bytes_total{tunnel=\"to-bob\",";
  EXPECT_EQ(samples.at(bytes + "direction=\"sent\"}"), 4096);
  EXPECT_EQ(samples.at(bytes + "direction=\"received\"}"), 5000000000);
}

TEST_F(AgentMetricsTest, ShowsHandshakesByRole) {
  HandshakeSample sample;
  sample.tunnel = "to-bob";
  sample.kind = TunnelKind::kInbound;
  sample.took = absl::Milliseconds(2);
  metrics_->OnHandshake(sample);
  sample.result = HandshakeResult::kTimeout;
  metrics_->OnHandshake(sample);
  metrics_->OnHandshake(sample);
  auto samples = Scrape();
  const std::string total = "tlsbridge_handshakes_total{result=";
  EXPECT_EQ(samples.at(total + "\"ok\",role=\"server\"}"), 1);
  EXPECT_EQ(samples.at(total + "\"timeout\",role=\"server\"}"), 2);
  EXPECT_EQ(samples.at(total + "\"refused\",role=\"server\"}"), 0);
  EXPECT_EQ(samples.at(total + "\"ok\",role=\"client\"}"), 0);
  const std::string took = "tlsbridge_handshake_duration_seconds_";
  EXPECT_EQ(samples.at(took + "count{role=\"server\"}"), 1);
  EXPECT_EQ(samples.at(took + "count{role=\"client\"}"), 0);
}

TEST_F(AgentMetricsTest, AreServedOverHttp) {
  auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Add(metrics_);
  metrics_->ExchangeFinished(kBob, absl::OkStatus(), absl::Milliseconds(20));
  auto served = ParseAnswer(GetMetrics((*server)->address()));
  for (const auto& [name, value] : Scrape()) {
    EXPECT_EQ(served.at(name), value) << name;
  }
}

}  // namespace
}  // namespace service
