#include "service/ctl/online/online_verbs.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "service/admin/admin_server.h"
#include "service/admin/fake_control.h"
#include "service/ctl/json_flag.h"
#include "service/log/log.h"

namespace service {
namespace {

// What a run of skexctl gave.
struct Outcome {
  int exit_status = -1;
  std::string out;
  std::string err;

  bool Says(absl::string_view text) const {
    return absl::StrContains(out, text);
  }
};

class OnlineVerbsTest : public testing::Test {
 protected:
  OnlineVerbsTest() {
    // Short: the configuration bounds the length of socket paths.
    std::string name = "/tmp/skexctlXXXXXX";
    folder_ = mkdtemp(name.data());
    agent_socket_ = folder_ + "/agent.sock";
    hub_socket_ = folder_ + "/hub.sock";
    auto agent_server = AdminServer::StartAgent(agent_socket_, agent_, log_);
    auto hub_server = AdminServer::StartHub(hub_socket_, hub_, log_);
    EXPECT_TRUE(agent_server.ok()) << agent_server.status();
    EXPECT_TRUE(hub_server.ok()) << hub_server.status();
    agent_server_ = *std::move(agent_server);
    hub_server_ = *std::move(hub_server);
  }
  ~OnlineVerbsTest() override {
    agent_server_.reset();
    hub_server_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Outcome Run(std::vector<std::string> arguments) {
    CLI::App app;
    bool json = false;
    OnlineVerbs verbs(app, json);
    AddJsonFlag(app, json);
    // CLI11 takes them from the end.
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
    EXPECT_TRUE(verbs.given());
    std::ostringstream out;
    std::ostringstream err;
    Outcome outcome;
    outcome.exit_status = verbs.Run(out, err);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }
  Outcome Agent(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--socket", agent_socket_});
    return Run(std::move(arguments));
  }
  Outcome Hub(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--hub", "--socket", hub_socket_});
    return Run(std::move(arguments));
  }

  std::string folder_;
  std::string agent_socket_;
  std::string hub_socket_;
  FakeAgentControl agent_;
  FakeHubControl hub_;
  std::ostringstream log_text_;
  Log log_{LogLevel::kInfo, LogFormat::kText, log_text_};
  std::unique_ptr<AdminServer> agent_server_;
  std::unique_ptr<AdminServer> hub_server_;
};

void ExpectFits(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (absl::string_view line : absl::StrSplit(outcome.out, '\n')) {
    EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST_F(OnlineVerbsTest, ShowsStatusOfAgent) {
  Outcome outcome = Agent({"status"});
  ExpectFits(outcome);
  EXPECT_EQ(
      outcome.out,
      "agent alice@north.example, version 1.2.3, abcdef, up 2d 1h\n"
      "not ready: no key for carol@east.example\n"
      "\n"
      "HUB               STATE      SEND MAC  SEND OTP  RECV MAC  RECV OTP\n"
      "hub1@one.example  connected    1000 B   2.0 KiB   2.9 KiB   3.9 KiB\n"
      "    127.0.0.1:7001\n"
      "    pad 00112233445566778899aabbccddeeff (generator): 64.0 MiB in all,"
      " 512 B\n"
      "    wasted; 25% left, for about 2d 2h\n"
      "hub2@two.example  away        2.0 KiB   3.9 KiB   5.9 KiB   7.8 KiB\n"
      "    127.0.0.1:7001: connection refused\n"
      "    pad 00112233445566778899aabbccddeeff (generator): 64.0 MiB in all,"
      " 512 B\n"
      "    wasted\n"
      "    pad ffeeddccbbaa99887766554433221100 (generator): 64.0 MiB in all,"
      " 0 B\n"
      "    wasted; the other end has not shown it\n"
      "    2 pads: 60% left, for about 2d 2h\n"
      "\n"
      "PEER                STATE      HUBS    FRESHNESS  KEYS  ACCEPT  OK  "
      "FAILED\n"
      "bob@south.example   ready      2 of 2  derived       3       1  17  "
      "     4\n"
      "carol@east.example  not ready  2 of 2  derived       0       1  17  "
      "     4\n"
      "    too few hubs answer\n"
      "    mode both, unmediated_only; lane to 10.0.0.3:8443 connected, "
      "4294965247\n"
      "    leaves left\n"
      "    lanes: 2 re-rooted, 5 leaves skipped, 1 rollbacks\n"
      "    too few hubs: new keys are unmediated alone\n"
      "    the lane waits for skexctl allow-jump carol@east.example\n"
      "dave@west.example   ready      none    derived       3       1  17  "
      "     4\n"
      "    mode unmediated; lane to 10.0.0.4:8443 down (connection refused), "
      "4294966271\n"
      "    leaves left\n"
      "    lanes: 0 re-rooted, 0 leaves skipped, 0 rollbacks\n"
      "\n"
      "TUNNEL  KIND      LISTEN          OPEN  TOTAL  FAILED\n"
      "to-bob  outbound  127.0.0.1:8080     5    100       2\n"
      "    to 10.0.0.2:8443, peers: bob@south.example\n");
}

TEST_F(OnlineVerbsTest, ListsPeers) {
  Outcome outcome = Agent({"peers"});
  ExpectFits(outcome);
  EXPECT_TRUE(outcome.Says("bob@south.example   ready"));
  EXPECT_TRUE(outcome.Says("too few hubs answer"));
}

TEST_F(OnlineVerbsTest, ListsKeys) {
  Outcome outcome = Agent({"keys"});
  ExpectFits(outcome);
  EXPECT_EQ(outcome.out,
            "bob@south.example\n"
            "KEY               ROLE  STATE     AGE  EXPIRES  USES\n"
            "0000000000000001  dial  active  90.0s   59m 0s    12\n"
            "    information-theoretic, dske 2 of 2: hub1@one.example "
            "hub2@two.example\n"
            "\n"
            "carol@east.example\n"
            "KEY               ROLE    STATE     AGE  EXPIRES  USES\n"
            "0000000000000002  accept  active  90.0s    never    12\n"
            "    computational, both 2 of 2: hub1@one.example "
            "hub2@two.example\n"
            "\n"
            "dave@west.example\n"
            "KEY               ROLE  STATE     AGE  EXPIRES  USES\n"
            "0000000000000005  dial  active  90.0s   59m 0s    12\n"
            "    computational, unmediated\n");
}

TEST_F(OnlineVerbsTest, ListsKeysOfOnePeer) {
  Outcome outcome = Agent({"keys", "carol@east.example"});
  ExpectFits(outcome);
  EXPECT_TRUE(outcome.Says("0000000000000002"));
  EXPECT_FALSE(outcome.Says("0000000000000001"));
}

TEST_F(OnlineVerbsTest, EstablishesKey) {
  Outcome outcome = Agent({"establish", "bob@south.example"});
  ExpectFits(outcome);
  EXPECT_TRUE(outcome.Says(
      "established key 0000000000000003 for bob@south.example, in 12ms\n"));
}

TEST_F(OnlineVerbsTest, RotatesKey) {
  Outcome outcome = Agent({"rotate", "bob@south.example"});
  ExpectFits(outcome);
  EXPECT_TRUE(
      outcome.Says("connections now use key 0000000000000004 for "
                   "bob@south.example, in 12ms\n"));
}

TEST_F(OnlineVerbsTest, AllowsJump) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"allow-jump", "carol@east.example"},
        std::vector<std::string>{"allow-jump", "--peer",
                                 "carol@east.example"}}) {
    Outcome outcome = Agent(arguments);
    ExpectFits(outcome);
    EXPECT_EQ(outcome.out, "allowed: the lane goes on behind the jump\n");
  }
  Outcome outcome = Agent({"allow-jump", "dave@west.example"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_EQ(outcome.err, "skexctl: no jump waits for the operator\n");
}

TEST_F(OnlineVerbsTest, ShowsStatusOfHub) {
  Outcome outcome = Hub({"status"});
  ExpectFits(outcome);
  EXPECT_EQ(outcome.out,
            "hub hub1@one.example, version 1.2.3, up 61.0s\n"
            "listens on 127.0.0.1:7001\n"
            "1 of 2 agents connected, 7 exchanges waiting\n");
}

TEST_F(OnlineVerbsTest, ListsAgentsOfHub) {
  Outcome outcome = Hub({"agents"});
  ExpectFits(outcome);
  EXPECT_TRUE(outcome.Says("alice@north.example  connected"));
  EXPECT_TRUE(outcome.Says("    has not connected yet\n"));
  EXPECT_TRUE(outcome.Says("    shares: 42 relayed, 3 refused\n"));
  EXPECT_TRUE(outcome.Says("    may be reached by: bob@south.example\n"));
}

TEST_F(OnlineVerbsTest, ReloadsAgent) {
  Outcome outcome = Agent({"reload"});
  ExpectFits(outcome);
  EXPECT_EQ(outcome.out, "reloaded: 2 pads: 1 new, 0 let go\n");
}

TEST_F(OnlineVerbsTest, AddsAndRemoves) {
  const std::string file = testing::TempDir() + "/tables.toml";
  std::ofstream(file) << "[[peer]]";
  Outcome outcome = Agent({"add", file});
  ExpectFits(outcome);
  EXPECT_EQ(outcome.out, "reloaded: added: [[peer]]\n");
  outcome = Agent({"add", "--replace", file});
  EXPECT_EQ(outcome.out, "reloaded: replaced: [[peer]]\n");
  outcome = Agent({"remove-peer", "bob@south.example"});
  EXPECT_EQ(outcome.out, "reloaded: removed peer bob@south.example\n");
  outcome = Agent({"remove-tunnel", "web"});
  EXPECT_EQ(outcome.out, "reloaded: removed tunnel web\n");
  outcome = Agent({"add", file + ".missing"});
  EXPECT_EQ(outcome.exit_status, 2);
  EXPECT_NE(outcome.err.find("tables.toml.missing"), std::string::npos);
}

TEST_F(OnlineVerbsTest, ReloadsHub) {
  Outcome outcome = Hub({"reload"});
  ExpectFits(outcome);
  EXPECT_EQ(outcome.out, "reloaded: 1 agent taken in\n");
}

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

TEST_F(OnlineVerbsTest, WatchesAgent) {
  const std::vector<std::string> once = {"top", "--once", "--interval",
                                         "100ms"};
  Outcome outcome = Agent(once);
  ExpectFits(outcome);
  EXPECT_TRUE(outcome.Says("agent alice@north.example, version 1.2.3"));
  EXPECT_TRUE(outcome.Says("\nbob@south.example   ready "));
  EXPECT_TRUE(outcome.Says("\nto-bob  outbound     5 "));
  EXPECT_TRUE(outcome.Says("\nhub2@two.example  away "));
  agent_server_.reset();
  outcome = Agent(once);
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "is skexd running?"));
}

TEST_F(OnlineVerbsTest, WatchesHub) {
  Outcome outcome = Hub({"top", "--once", "--interval", "100ms"});
  ExpectFits(outcome);
  EXPECT_TRUE(outcome.Says("hub hub1@one.example, version 1.2.3"));
  EXPECT_TRUE(outcome.Says("\nalice@north.example  connected "));
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

TEST_F(OnlineVerbsTest, PrintsReasonOfFailure) {
  agent_.FailWith(absl::UnavailableError("1 of 2 hubs answers; 2 are needed"));
  Outcome outcome = Agent({"establish", "bob@south.example"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "skexctl: 1 of 2 hubs answers; 2 are needed\n");
}

TEST_F(OnlineVerbsTest, AdvisesLongerTimeout) {
  agent_.FailWith(absl::DeadlineExceededError("no key came in time"));
  Outcome outcome = Agent({"rotate", "bob@south.example", "--timeout", "30s"});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_EQ(outcome.err,
            "skexctl: no key came in time (within 30s); a longer --timeout "
            "waits longer\n");
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
