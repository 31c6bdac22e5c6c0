#include "service/ctl/top/figures_json.h"

#include <gtest/gtest.h>

#include <utility>

namespace service {
namespace {

namespace api = skex::admin::v1;
using nlohmann::ordered_json;

TEST(FiguresJsonTest, IsTheStatusWithRates) {
  AgentSample agent;
  agent.status.set_name("alice@north.example");
  agent.status.set_ready(true);
  agent.status.add_peers()->set_name("bob@south.example");
  agent.status.add_tunnels()->set_name("to-bob");
  Figures figures;
  figures.answer = std::move(agent);
  figures.interval = absl::Milliseconds(1500);
  figures.peers = {{{"exchanges_ok", 0.5}}};
  figures.tunnels = {{}};
  const ordered_json json =
      FiguresJson(figures, absl::FromUnixMillis(1700000000123));
  EXPECT_EQ(json["time"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json["interval"], 1.5);
  EXPECT_EQ(json["name"], "alice@north.example");
  EXPECT_EQ(json["ready"], true);
  EXPECT_EQ(json["peers"][0]["name"], "bob@south.example");
  EXPECT_EQ(json["peers"][0]["exchanges_ok"], 0);
  EXPECT_EQ(json["peers"][0]["rates"], ordered_json({{"exchanges_ok", 0.5}}));
  EXPECT_EQ(json["tunnels"][0]["name"], "to-bob");
  EXPECT_TRUE(json["tunnels"][0]["rates"].is_null());
}

TEST(FiguresJsonTest, OfAHubHasItsAgents) {
  HubSample hub;
  hub.status.set_name("hub1@one.example");
  hub.agents.add_agents()->set_name("alice@north.example");
  Figures figures;
  figures.answer = std::move(hub);
  figures.agents = {{{"shares_relayed", 2}}};
  const ordered_json json = FiguresJson(figures, absl::UnixEpoch());
  EXPECT_TRUE(json["interval"].is_null());
  EXPECT_EQ(json["name"], "hub1@one.example");
  EXPECT_EQ(json["agents"][0]["name"], "alice@north.example");
  EXPECT_EQ(json["agents"][0]["rates"]["shares_relayed"], 2);
}

}  // namespace
}  // namespace service
