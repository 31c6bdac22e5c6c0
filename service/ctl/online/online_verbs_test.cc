// What the verbs that ask a daemon say to a reader.

#include "service/ctl/online/online_verbs.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "service/admin/admin_server.h"
#include "service/admin/fake_control.h"
#include "service/ctl/online/online_fixture.h"

namespace service {
namespace {

class OnlineVerbsTest : public OnlineFixture {};

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

}  // namespace
}  // namespace service
