// Which daemon a command line means, what is said if it is not there, and which
// command lines are refused.

#include <fstream>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Error.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "service/admin/admin_server.h"
#include "service/ctl/online/online_fixture.h"
#include "service/ctl/online/online_verbs.h"

namespace service {
namespace {

class OnlineVerbsTest : public OnlineFixture {};

TEST_F(OnlineVerbsTest, AsksWhichDaemon) {
  Outcome outcome = Run({"status"});
  EXPECT_EQ(outcome.exit_status, 2);
  EXPECT_TRUE(absl::StrContains(outcome.err, "--socket PATH"));
}

TEST_F(OnlineVerbsTest, FindsSocketThroughConfiguration) {
  std::ofstream(folder_ + "/hub.toml") << "name = \"hub1@one.example\"\n"
                                          "listen = \"127.0.0.1:7001\"\n"
                                          "state_dir = \"state\"\n"
                                          "[admin]\n"
                                          "socket = \"hub.sock\"\n";
  Outcome outcome = Run({"--hub", "--config", folder_ + "/hub.toml", "status"});
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_TRUE(outcome.Says("hub hub1@one.example"));
}

TEST_F(OnlineVerbsTest, SaysWhatIsWrongWithConfiguration) {
  const std::string file = folder_ + "/agent.toml";
  std::ofstream(file) << "name = 7\n";
  Outcome outcome = Run({"status", "--config", file});
  EXPECT_EQ(outcome.exit_status, 2);
  EXPECT_TRUE(absl::StrContains(outcome.err, file)) << outcome.err;
}

TEST_F(OnlineVerbsTest, SaysThatNoAgentRuns) {
  agent_server_.reset();
  Outcome outcome = Agent({"status"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_EQ(outcome.err, "skexctl: no agent answers at " + agent_socket_ +
                             ": is skexd running? (" + agent_socket_ +
                             ": No such file or directory)\n");
}

TEST_F(OnlineVerbsTest, SaysThatNoHubRuns) {
  hub_server_.reset();
  Outcome outcome = Hub({"status"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "is skex-hub running?"));
}

TEST_F(OnlineVerbsTest, SaysThatTheOtherKindAnswers) {
  Outcome outcome = Run({"status", "--socket", hub_socket_});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "not an agent; add --hub"))
      << outcome.err;
  outcome = Run({"--hub", "status", "--socket", agent_socket_});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "not a hub; leave --hub out"))
      << outcome.err;
}

TEST_F(OnlineVerbsTest, RefusesVerbOfTheOtherKind) {
  EXPECT_EQ(Hub({"peers"}).exit_status, 2);
  EXPECT_EQ(Hub({"rotate", "bob@south.example"}).exit_status, 2);
  EXPECT_EQ(Hub({"allow-jump", "bob@south.example"}).exit_status, 2);
  EXPECT_EQ(Agent({"agents"}).exit_status, 2);
}

TEST_F(OnlineVerbsTest, RefusesBadCommandLines) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {"status", "--timeout", "soon"},
           {"status", "--timeout", "0s"},
           {"status", "--timeout", "-1s"},
           {"top", "--interval", "soon"},
           {"top", "--interval", "99ms"},
           {"top", "--interval", "inf"},
           {"status", "--socket", "a", "--config", "b"},
           {"establish"},
           {"rotate"},
           {"allow-jump"},
           {"status", "more"}}) {
    EXPECT_THROW(Run(arguments), CLI::ParseError) << arguments.back();
  }
}

TEST_F(OnlineVerbsTest, LeavesOtherVerbsAlone) {
  CLI::App app;
  app.add_subcommand("offline");
  const bool json = false;
  OnlineVerbs verbs(app, json);
  app.parse("offline");
  EXPECT_FALSE(verbs.given());
}

}  // namespace
}  // namespace service
