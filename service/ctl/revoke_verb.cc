#include "service/ctl/revoke_verb.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/config/hub_config.h"
#include "service/enrol/enrol.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

struct Options {
  std::string hub_config;
  std::string agent;
  bool yes = false;
};

// Asks on the terminal; without one there is nobody to ask.
absl::Status Confirm(const Options& options, const HubConfig& hub) {
  if (options.yes) return absl::OkStatus();
  if (isatty(STDIN_FILENO) == 0) {
    return absl::InvalidArgumentError(
        "revoking erases the pad for good; confirm with --yes");
  }
  std::cerr << "Revoke " << options.agent << " at " << hub.name.text()
            << " and erase its pad for good? Type yes: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return absl::OkStatus();
  return absl::CancelledError("not confirmed; nothing was changed");
}

absl::Status Run(const Options& options) {
  absl::StatusOr<HubConfig> hub = LoadHubConfig(options.hub_config);
  if (!hub.ok()) return hub.status();
  absl::StatusOr<skex::AgentId> agent = skex::AgentId::Parse(options.agent);
  if (!agent.ok()) return agent.status();
  absl::Status status = Confirm(options, *hub);
  if (!status.ok()) return status;
  absl::StatusOr<Revoked> revoked =
      RevokeAgent(*PosixFileSystem(), hub->daemon.state_dir, *agent);
  if (!revoked.ok()) return revoked.status();
  std::cout << "revoked " << agent->text() << " at " << hub->name.text()
            << "; its pad is erased\n";
  if (revoked->in_use) {
    std::cout << "the hub is running; end the agent's connection with: "
                 "skexctl --hub --config "
              << options.hub_config << " reload\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddRevokeVerb(CLI::App& app, absl::Status& outcome) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "revoke", "Take an agent away from a hub and erase its pad");
  verb->add_option("--hub-config", options->hub_config,
                   "The hub's configuration file")
      ->required();
  verb->add_option("--agent", options->agent, "The agent's name")->required();
  verb->add_flag("--yes", options->yes, "Do not ask");
  verb->callback([options, &outcome] { outcome = Run(*options); });
}

}  // namespace service
