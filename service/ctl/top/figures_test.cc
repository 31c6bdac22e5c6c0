#include "service/ctl/top/figures.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace service {
namespace {

namespace api = skex::admin::v1;

// An agent that has run for an hour at a moment in `seconds`, with a peer and a
// tunnel.
Sample Agent(int seconds, uint64_t exchanges, uint64_t bytes) {
  api::AgentStatus status;
  status.mutable_uptime()->set_seconds(3600 + seconds);
  api::Peer& peer = *status.add_peers();
  peer.set_name("bob@south.example");
  peer.set_exchanges_ok(exchanges);
  peer.set_exchanges_failed(7);
  api::Tunnel& tunnel = *status.add_tunnels();
  tunnel.set_name("to-bob");
  tunnel.set_connections_total(10 * exchanges);
  tunnel.set_sent_bytes(bytes);
  return {absl::Seconds(seconds), AgentSample{std::move(status)}};
}

Sample Hub(int seconds, uint64_t shares) {
  HubSample hub;
  hub.status.mutable_uptime()->set_seconds(3600 + seconds);
  for (const char* name : {"alice@north.example", "bob@south.example"}) {
    api::EnrolledAgent& agent = *hub.agents.add_agents();
    agent.set_name(name);
    agent.set_shares_relayed(shares);
  }
  return {absl::Seconds(seconds), std::move(hub)};
}

TEST(FiguresTest, RatesAreDifferencesPerSecond) {
  const Sample before = Agent(10, 5, 1000);
  const Figures figures = Compare(&before, Agent(14, 6, 9000));
  EXPECT_EQ(figures.interval, absl::Seconds(4));
  ASSERT_EQ(figures.peers.size(), 1u);
  EXPECT_EQ(figures.peers[0],
            (Rates{{"exchanges_ok", 0.25}, {"exchanges_failed", 0}}));
  ASSERT_EQ(figures.tunnels.size(), 1u);
  EXPECT_EQ(figures.tunnels[0].at("connections_total"), 2.5);
  EXPECT_EQ(figures.tunnels[0].at("sent_bytes"), 2000);
  EXPECT_EQ(figures.tunnels[0].at("received_bytes"), 0);
  EXPECT_TRUE(figures.agents.empty());
}

TEST(FiguresTest, TheFirstSampleHasNoRates) {
  const Figures figures = Compare(nullptr, Agent(10, 5, 1000));
  EXPECT_EQ(figures.interval, absl::ZeroDuration());
  ASSERT_EQ(figures.peers.size(), 1u);
  EXPECT_TRUE(figures.peers[0].empty());
  ASSERT_EQ(figures.tunnels.size(), 1u);
  EXPECT_TRUE(figures.tunnels[0].empty());
}

TEST(FiguresTest, TheFirstSampleOfANewStartHasNoRates) {
  const Sample before = Agent(10, 5, 1000);
  // Its counters are higher by now, all the same.
  Sample now = Agent(14, 6, 9000);
  std::get<AgentSample>(now.answer).status.mutable_uptime()->set_seconds(3);
  const Figures figures = Compare(&before, now);
  EXPECT_EQ(figures.interval, absl::ZeroDuration());
  EXPECT_TRUE(figures.peers[0].empty());
}

TEST(FiguresTest, WhatWasNotThereBeforeHasNoRates) {
  const Sample before = Agent(10, 5, 1000);
  Sample now = Agent(11, 6, 2000);
  api::Peer& carol = *std::get<AgentSample>(now.answer).status.add_peers();
  carol.set_name("carol@east.example");
  carol.set_exchanges_ok(3);
  const Figures figures = Compare(&before, now);
  ASSERT_EQ(figures.peers.size(), 2u);
  EXPECT_EQ(figures.peers[0].at("exchanges_ok"), 1);
  EXPECT_TRUE(figures.peers[1].empty());
}

TEST(FiguresTest, ComparesAgentsOfAHubByName) {
  const Sample before = Hub(10, 100);
  Sample now = Hub(12, 104);
  // Another enrolment of the first: it counts from zero.
  api::ListAgentsResponse& agents = std::get<HubSample>(now.answer).agents;
  agents.mutable_agents(0)->set_shares_relayed(1);
  agents.mutable_agents()->SwapElements(0, 1);
  const Figures figures = Compare(&before, now);
  ASSERT_EQ(figures.agents.size(), 2u);
  EXPECT_EQ(figures.agents[0],
            (Rates{{"shares_relayed", 2}, {"shares_refused", 0}}));
  EXPECT_TRUE(figures.agents[1].empty());
}

}  // namespace
}  // namespace service
