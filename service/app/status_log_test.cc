#include "service/app/status_log.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace service {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// The lines, without the time.
template <class View>
std::vector<std::string> Logged(const View& view) {
  std::ostringstream out;
  Log log(LogLevel::kInfo, LogFormat::kText, out);
  LogStatus(view, log);
  std::vector<std::string> lines;
  std::istringstream in(out.str());
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line.substr(line.find(' ') + 1));
  }
  return lines;
}

TEST(StatusLogTest, HasALineForEachPartOfAnAgent) {
  AgentView agent;
  agent.name = "alice@north.example";
  agent.detail = "no key for bob@south.example";
  agent.uptime = absl::Seconds(90);
  agent.hubs.resize(1);
  agent.hubs[0].name = "hub1@one.example";
  agent.hubs[0].detail = "connection refused";
  agent.peers.resize(1);
  agent.peers[0].name = "bob@south.example";
  agent.peers[0].detail = "too few hubs";
  agent.peers[0].keys_ready = 3;
  agent.peers[0].left_out = {"hub1 is slow", "hub2 lies"};
  agent.tunnels.resize(1);
  agent.tunnels[0].name = "to-bob";
  agent.tunnels[0].connections_open = 7;
  EXPECT_THAT(
      Logged(agent),
      testing::ElementsAre(
          AllOf(StartsWith("info status name=alice@north.example "),
                HasSubstr("uptime=1m30s ready=false "
                          "reason=\"no key for bob@south.example\"")),
          AllOf(StartsWith("info status_hub hub=hub1@one.example "),
                HasSubstr("connected=false reason=\"connection refused\"")),
          AllOf(StartsWith("info status_peer peer=bob@south.example "),
                HasSubstr("ready=false reason=\"too few hubs\" keys_ready=3"),
                HasSubstr("left_out=\"hub1 is slow; hub2 lies\"")),
          AllOf(StartsWith("info status_tunnel tunnel=to-bob "),
                HasSubstr("open=7"))));
}

TEST(StatusLogTest, HasALineForEachAgentOfAHub) {
  HubStatusView hub;
  hub.name = "hub1@one.example";
  hub.exchanges_waiting = 4;
  hub.agents.resize(2);
  hub.agents[0].name = "alice@north.example";
  hub.agents[0].connected = true;
  hub.agents[0].supply.pads.resize(2);
  hub.agents[0].supply.left = 0.25;
  hub.agents[1].name = "bob@south.example";
  hub.agents[1].detail = "not connected";
  EXPECT_THAT(
      Logged(hub),
      testing::ElementsAre(
          AllOf(StartsWith("info status name=hub1@one.example "),
                HasSubstr("agents=2 connected=1 exchanges_waiting=4")),
          AllOf(StartsWith("info status_agent agent=alice@north.example "),
                HasSubstr("connected=true"), HasSubstr("pads=2 left=0.25")),
          AllOf(StartsWith("info status_agent agent=bob@south.example "),
                HasSubstr("connected=false reason=\"not connected\""))));
}

}  // namespace
}  // namespace service
