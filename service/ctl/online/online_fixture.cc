#include "service/ctl/online/online_fixture.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "service/ctl/json_flag.h"
#include "service/ctl/online/online_verbs.h"

namespace service {

bool OnlineFixture::Outcome::Says(absl::string_view text) const {
  return absl::StrContains(out, text);
}

OnlineFixture::OnlineFixture() {
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

OnlineFixture::~OnlineFixture() {
  agent_server_.reset();
  hub_server_.reset();
  std::filesystem::remove_all(folder_);
}

OnlineFixture::Outcome OnlineFixture::Run(std::vector<std::string> arguments) {
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

OnlineFixture::Outcome OnlineFixture::Agent(
    std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--socket", agent_socket_});
  return Run(std::move(arguments));
}

OnlineFixture::Outcome OnlineFixture::Hub(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--hub", "--socket", hub_socket_});
  return Run(std::move(arguments));
}

void OnlineFixture::ExpectFits(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (absl::string_view line : absl::StrSplit(outcome.out, '\n')) {
    EXPECT_LE(line.size(), 80u) << line;
  }
}

}  // namespace service
