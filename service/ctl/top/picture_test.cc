#include "service/ctl/top/picture.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

constexpr char kBob[] = "bob@south.example";

void AddPeer(api::AgentStatus& status, const std::string& name) {
  api::Peer& peer = *status.add_peers();
  peer.set_name(name);
  peer.set_ready(true);
  peer.set_keys_ready(3);
  api::Key& key = *peer.mutable_newest_key();
  key.set_source("dske");
  key.set_label("computational");
  key.mutable_age()->set_seconds(12);
}

api::PadSupply Supply() {
  api::PadSupply supply;
  supply.add_pads();
  supply.set_left(0.254);
  supply.mutable_time_left()->set_seconds(50 * 3600);
  return supply;
}

api::AgentStatus Status() {
  api::AgentStatus status;
  status.set_name("alice@north.example");
  status.set_version("1.2.3");
  status.mutable_uptime()->set_seconds(49 * 3600);
  status.set_ready(true);
  AddPeer(status, kBob);
  api::Tunnel& tunnel = *status.add_tunnels();
  tunnel.set_name("to-bob");
  tunnel.set_kind("outbound");
  tunnel.set_connections_open(5);
  api::Hub& hub = *status.add_hubs();
  hub.set_name("hub1@one.example");
  hub.set_connected(true);
  *hub.mutable_pad_supply() = Supply();
  return status;
}

// As of the first sample, or with the given rates of each peer and tunnel.
Figures FiguresOf(const api::AgentStatus& status, const Rates& peer = {},
                  const Rates& tunnel = {}) {
  Figures figures;
  figures.peers.assign(status.peers_size(), peer);
  figures.tunnels.assign(status.tunnels_size(), tunnel);
  figures.answer = AgentSample{status};
  return figures;
}

Scene Noon() {
  Scene scene;
  scene.time = absl::UnixEpoch() + absl::Hours(12);
  scene.zone = absl::UTCTimeZone();
  return scene;
}

std::string Text(const std::vector<std::string>& lines) {
  return absl::StrJoin(lines, "\n");
}

void ExpectFits(const std::vector<std::string>& lines, const ScreenSize& size) {
  EXPECT_LE(lines.size(), size.rows);
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), size.columns) << line;
    for (char c : line) EXPECT_TRUE(absl::ascii_isprint(c)) << line;
  }
}

TEST(PictureTest, ShowsAnAgent) {
  const Figures figures =
      FiguresOf(Status(), {{"exchanges_ok", 0.25}, {"exchanges_failed", 0}},
                {{"connections_total", 1234.4},
                 {"handshakes_refused", 17.34},
                 {"sent_bytes", 1536},
                 {"received_bytes", 0}});
  const ScreenSize size;
  const std::vector<std::string> lines = Picture(figures, Noon(), size);
  ExpectFits(lines, size);
  EXPECT_EQ(
      Text(lines),
      "agent alice@north.example, version 1.2.3, up 2d 1h              "
      "        12:00:00\n"
      "ready\n"
      "\n"
      "PEER               STATE  KEYS  SOURCE  LABEL    AGE  OK/S  FAIL/S\n"
      "bob@south.example  ready     3  dske    comp   12.0s  0.25       0\n"
      "\n"
      "TUNNEL  KIND      OPEN  NEW/S  REFUSED/S   SENT/S  RECEIVED/S\n"
      "to-bob  outbound     5   1234       17.3  1.5 KiB         0 B\n"
      "\n"
      "HUB               STATE      PADS  LEFT  LASTS\n"
      "hub1@one.example  connected     1   25%  2d 2h");
}

TEST(PictureTest, SaysWhatIsNotKnown) {
  api::AgentStatus status = Status();
  status.mutable_peers(0)->clear_newest_key();
  status.mutable_hubs(0)->mutable_pad_supply()->clear_time_left();
  const std::string text = Text(Picture(FiguresOf(status), Noon(), {}));
  EXPECT_TRUE(absl::StrContains(
      text,
      "\nbob@south.example  ready     3  -       -        -     -  "
      "     -\n"))
      << text;
  EXPECT_TRUE(absl::StrContains(text, "connected     1   25%      -"));
}

TEST(PictureTest, SaysWhatIsWrong) {
  api::AgentStatus status = Status();
  status.set_ready(false);
  status.set_detail("no key for bob@south.example");
  api::Peer& peer = *status.mutable_peers(0);
  peer.set_ready(false);
  peer.set_detail("1 of 2 hubs can take part");
  peer.mutable_lanes()->set_hubs_down(true);
  peer.mutable_lanes()->set_jump_waits(true);
  api::Hub& hub = *status.mutable_hubs(0);
  hub.set_connected(false);
  hub.set_detail("connection refused");
  const std::string text = Text(Picture(FiguresOf(status), Noon(), {}));
  for (const char* line : {"not ready: no key for bob@south.example",
                           "    1 of 2 hubs can take part",
                           "    too few hubs: new keys are unmediated alone",
                           ("    the lane waits for skexctl allow-jump "
                            "bob@south.example"),
                           "    connection refused"}) {
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("\n", line)))
        << line << "\n"
        << text;
  }
  EXPECT_TRUE(absl::StrContains(text, "\nbob@south.example  no key "));
  EXPECT_TRUE(absl::StrContains(text, "\nhub1@one.example  away "));
}

TEST(PictureTest, ShowsAHub) {
  HubSample hub;
  hub.status.set_name("hub1@one.example");
  hub.status.set_version("1.2.3");
  hub.status.mutable_uptime()->set_seconds(61);
  hub.status.set_agents_connected(1);
  hub.status.set_agents_enrolled(2);
  hub.status.set_exchanges_waiting(7);
  for (const std::string name : {"alice@north.example", kBob}) {
    api::EnrolledAgent& agent = *hub.agents.add_agents();
    agent.set_name(name);
    agent.set_connected(name != kBob);
    agent.set_detail(name != kBob ? "" : "has not connected yet");
    *agent.mutable_pad_supply() = Supply();
  }
  Figures figures;
  figures.agents = {{{"shares_relayed", 12.5}, {"shares_refused", 0}}, {}};
  figures.answer = std::move(hub);
  EXPECT_EQ(
      Text(Picture(figures, Noon(), {})),
      "hub hub1@one.example, version 1.2.3, up 61.0s                   "
      "        12:00:00\n"
      "1 of 2 agents connected, 7 exchanges waiting\n"
      "\n"
      "AGENT                STATE      PADS  LEFT  LASTS  SHARES/S  REFUSED/S\n"
      "alice@north.example  connected     1   25%  2d 2h      12.5          0\n"
      "bob@south.example    away          1   25%  2d 2h         -          -\n"
      "    has not connected yet");
}

TEST(PictureTest, SaysThatTheDaemonIsAway) {
  Scene scene = Noon();
  scene.trouble = "no agent answers at a.sock";
  scene.paused = true;
  const std::vector<std::string> lines =
      Picture(FiguresOf(Status()), scene, {});
  EXPECT_EQ(lines[1], "paused; not reachable: no agent answers at a.sock");
  // What was known last stays.
  EXPECT_TRUE(absl::StrContains(Text(lines), kBob));
}

TEST(PictureTest, FitsEveryTerminal) {
  api::AgentStatus status = Status();
  for (int i = 0; i < 40; ++i) {
    AddPeer(status, absl::StrCat("peer", i, "@", std::string(i * 3, 'x')));
    status.mutable_peers(i)->set_detail(std::string(i * 5, 'y'));
  }
  for (size_t rows : {0, 1, 2, 3, 10, 24, 200}) {
    for (size_t columns : {0, 1, 2, 7, 19, 20, 40, 80, 300}) {
      for (bool help : {false, true}) {
        Scene scene = Noon();
        scene.help = help;
        const ScreenSize size = {columns, rows};
        ExpectFits(Picture(FiguresOf(status), scene, size), size);
      }
    }
  }
}

TEST(PictureTest, SaysHowManyLinesThereAreNoRoomFor) {
  api::AgentStatus status = Status();
  for (int i = 0; i < 40; ++i) AddPeer(status, absl::StrCat("peer", i, "@x"));
  const Figures figures = FiguresOf(status);
  const size_t all = Picture(figures, Noon(), {80, 1000}).size();
  const std::vector<std::string> lines = Picture(figures, Noon(), {80, 24});
  ASSERT_EQ(lines.size(), 24u);
  EXPECT_EQ(lines[23], absl::StrCat("... ", all - 23, " more lines"));
  Scene scene = Noon();
  scene.help = true;
  const std::vector<std::string> helped = Picture(figures, scene, {80, 24});
  ASSERT_EQ(helped.size(), 24u);
  EXPECT_EQ(helped[22], absl::StrCat("... ", all - 22, " more lines"));
  EXPECT_TRUE(absl::StrContains(helped[23], "q quit"));
  // All of it fits exactly.
  EXPECT_EQ(Picture(figures, Noon(), {80, all}).size(), all);
}

TEST(PictureTest, ALongNameLeavesRoomForTheFigures) {
  api::AgentStatus status = Status();
  AddPeer(status, absl::StrCat(std::string(100, 'x'), "@south.example"));
  const ScreenSize size = {60, 24};
  const std::vector<std::string> lines =
      Picture(FiguresOf(status), Noon(), size);
  ExpectFits(lines, size);
  EXPECT_TRUE(absl::StartsWith(lines[5], "xxxxxxx"));
  EXPECT_TRUE(absl::StrContains(lines[5], "x~  ready     3  dske"));
  EXPECT_TRUE(absl::EndsWith(lines[5], "     -"));
}

TEST(PictureTest, NothingReachesTheTerminalAsACommand) {
  const std::string evil =
      "\x1b[2J\r\n\x07\x9b"
      "31m\x7f";
  api::AgentStatus status = Status();
  status.set_name(evil);
  status.set_version(evil);
  status.set_ready(false);
  status.set_detail(evil);
  AddPeer(status, evil);
  api::Peer& peer = *status.mutable_peers(1);
  peer.set_detail(evil);
  peer.mutable_newest_key()->set_source(evil);
  peer.mutable_newest_key()->set_label(evil);
  peer.mutable_lanes()->set_jump_waits(true);
  status.mutable_tunnels(0)->set_name(evil);
  status.mutable_tunnels(0)->set_kind(evil);
  status.mutable_hubs(0)->set_name(evil);
  status.mutable_hubs(0)->set_connected(false);
  status.mutable_hubs(0)->set_detail(evil);
  const ScreenSize size = {200, 50};
  const std::vector<std::string> lines =
      Picture(FiguresOf(status), Noon(), size);
  ExpectFits(lines, size);
  EXPECT_TRUE(absl::StrContains(Text(lines), "\\x1b[2J\\x0d\\x0a"));
  Scene scene = Noon();
  scene.trouble = evil;
  ExpectFits(Picture(FiguresOf(status), scene, size), size);
}

}  // namespace
}  // namespace service
