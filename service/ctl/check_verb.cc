#include "service/ctl/check_verb.h"

#include <iostream>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "service/config/agent_config.h"
#include "service/config/hub_config.h"

namespace service {
namespace {

absl::Status Run(const std::string& path, bool hub) {
  absl::Status status =
      hub ? LoadHubConfig(path).status() : LoadAgentConfig(path).status();
  if (status.ok()) std::cout << path << ": ok\n";
  return status;
}

void AddKind(CLI::App& check, const std::string& kind, const std::string& help,
             absl::Status& outcome) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb = check.add_subcommand(kind, help);
  verb->add_option("file", *path, "The configuration file")->required();
  const bool hub = kind == "hub";
  verb->callback([path, hub, &outcome] { outcome = Run(*path, hub); });
}

}  // namespace

void AddCheckVerb(CLI::App& app, absl::Status& outcome) {
  CLI::App* check = app.add_subcommand("check", "Check a configuration file");
  check->require_subcommand(1);
  AddKind(*check, "agent", "Of an agent (skexd)", outcome);
  AddKind(*check, "hub", "Of a security hub (skex-hub)", outcome);
}

}  // namespace service
