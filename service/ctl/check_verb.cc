#include "service/ctl/check_verb.h"

#include <iostream>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "service/config/agent_config.h"
#include "service/config/check_files.h"
#include "service/config/hub_config.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

template <class Config>
absl::Status Run(const std::string& path,
                 absl::StatusOr<Config> (*load)(const std::string& path)) {
  const absl::StatusOr<Config> config = load(path);
  if (!config.ok()) return config.status();
  const absl::Status files = CheckFiles(*config, *PosixFileSystem());
  // Whatever is found here is wrong input.
  if (!files.ok()) return absl::InvalidArgumentError(files.message());
  std::cout << path << ": ok\n";
  return absl::OkStatus();
}

void AddKind(CLI::App& check, const std::string& kind, const std::string& help,
             absl::Status& outcome) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb = check.add_subcommand(kind, help);
  verb->add_option("file", *path, "The configuration file")->required();
  const bool hub = kind == "hub";
  verb->callback([path, hub, &outcome] {
    outcome = hub ? Run(*path, &LoadHubConfig) : Run(*path, &LoadAgentConfig);
  });
}

}  // namespace

void AddCheckVerb(CLI::App& app, absl::Status& outcome) {
  CLI::App* check = app.add_subcommand("check", "Check a configuration file");
  check->require_subcommand(1);
  AddKind(*check, "agent", "Of an agent (skexd)", outcome);
  AddKind(*check, "hub", "Of a security hub (skex-hub)", outcome);
}

}  // namespace service
