// What the verbs that ask a daemon print for programs.

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "service/admin/fake_control.h"
#include "service/ctl/online/online_fixture.h"
#include "service/ctl/online/online_verbs.h"

namespace service {
namespace {

class OnlineVerbsTest : public OnlineFixture {};

TEST_F(OnlineVerbsTest, PrintsJsonForEveryVerb) {
  const std::string bob = "bob@south.example";
  const std::string tables = testing::TempDir() + "/more.toml";
  std::ofstream(tables) << "[[peer]]";
  // What each needs. `take` has another server.
  const std::map<std::string, std::vector<std::string>> arguments = {
      {"status", {}},
      {"peers", {}},
      {"keys", {}},
      {"establish", {bob}},
      {"rotate", {bob}},
      {"allow-jump", {"carol@east.example"}},
      {"agents", {}},
      {"reload", {}},
      {"add", {tables}},
      {"remove-peer", {bob}},
      {"remove-tunnel", {"web"}},
      {"top", {"--once", "--interval", "100ms"}}};
  CLI::App app;
  const bool json = false;
  OnlineVerbs verbs(app, json);
  for (const CLI::App* verb :
       app.get_subcommands([](CLI::App*) { return true; })) {
    const std::string& name = verb->get_name();
    if (name == "take") continue;
    ASSERT_TRUE(arguments.count(name)) << "say how to call " << name;
    std::vector<std::string> command = {name, "--json"};
    command.insert(command.end(), arguments.at(name).begin(),
                   arguments.at(name).end());
    int answers = 0;
    for (const Outcome& outcome : {Agent(command), Hub(command)}) {
      if (outcome.exit_status == 2) continue;  // It is for the other kind.
      ++answers;
      EXPECT_EQ(outcome.exit_status, 0) << name << outcome.err;
      EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << outcome.out;
    }
    EXPECT_GE(answers, 1) << name;
  }
}

TEST_F(OnlineVerbsTest, JsonHasEveryField) {
  auto keys = nlohmann::json::parse(Agent({"keys", "--json"}).out);
  ASSERT_EQ(keys["keys"].size(), 3u);
  EXPECT_EQ(keys["keys"][0],
            nlohmann::json::parse(
                "{\"id\":\"0000000000000001\",\"peer\":\"bob@south.example\","
                "\"role\":\"dial\",\"state\":\"active\",\"source\":\"dske\","
                "\"label\":\"information-theoretic\",\"hubs\":["
                "\"hub1@one.example\",\"hub2@two.example\"],\"threshold\":2,"
                "\"age\":90.0,\"expires_in\":3540.0,\"uses\":12,"
                "\"use_limit\":1048576}"));
  EXPECT_TRUE(keys["keys"][1]["expires_in"].is_null());
  auto status = nlohmann::json::parse(Agent({"status", "--json"}).out);
  EXPECT_EQ(status["ready"], false);
  const auto& supply = status["hubs"][1]["pad_supply"];
  EXPECT_EQ(supply["left"], 0.6);
  EXPECT_EQ(supply["pads"][1]["total_bytes"], 64 * 1024 * 1024);
  EXPECT_EQ(supply["pads"][1]["connected"], false);
  EXPECT_EQ(status["peers"][0]["mode"], "dske");
  EXPECT_TRUE(status["peers"][0]["lanes"].is_null());
  EXPECT_EQ(status["peers"][1]["hubs_down"], "unmediated_only");
  EXPECT_EQ(status["peers"][1]["lanes"]["leaves_left"], 4294965247);
  EXPECT_EQ(status["peers"][1]["lanes"]["jump_waits"], true);
}

TEST_F(OnlineVerbsTest, PrintsErrorsAsJson) {
  agent_.FailWith(absl::UnavailableError("1 of 2 hubs \x1b[2J answers"));
  Outcome outcome = Agent({"establish", "bob@south.example", "--json"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_EQ(outcome.out, "");
  auto json = nlohmann::json::parse(outcome.err);
  EXPECT_EQ(json["error"], "1 of 2 hubs \\x1b[2J answers");
  EXPECT_EQ(json["status"], "UNAVAILABLE");
  outcome = Agent({"keys", "eve@east.example", "--json"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_EQ(nlohmann::json::parse(outcome.err)["status"], "NOT_FOUND");
  for (const Outcome& usage :
       {Hub({"peers", "--json"}), Run({"status", "--json"}),
        Run({"status", "--json", "--config", folder_ + "/none.toml"}),
        Agent({"take", "bob@south.example", "--id", "7", "--json"})}) {
    EXPECT_EQ(usage.exit_status, 2);
    EXPECT_EQ(usage.out, "");
    EXPECT_TRUE(nlohmann::json::parse(usage.err)["error"].is_string());
  }
}

TEST_F(OnlineVerbsTest, WatchesForPrograms) {
  const Outcome outcome =
      Agent({"top", "--once", "--interval", "100ms", "--json"});
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find('\n'), outcome.out.size() - 1);
  auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["name"], "alice@north.example");
  EXPECT_GT(json["interval"], 0);
  EXPECT_EQ(json["tunnels"][0]["handshakes_refused"], 3);
  EXPECT_EQ(json["tunnels"][0]["rates"]["handshakes_refused"], 0);
  EXPECT_EQ(json["peers"][0]["newest_key"]["id"], "0000000000000001");
}

}  // namespace
}  // namespace service
