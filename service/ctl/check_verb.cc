#include "service/ctl/check_verb.h"

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/config/agent_config.h"
#include "service/config/check_files.h"
#include "service/config/hub_config.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

template <class Config>
Answer Run(const std::string& path, const std::string& kind,
           absl::StatusOr<Config> (*load)(const std::string& path)) {
  const absl::StatusOr<Config> config = load(path);
  if (!config.ok()) return config.status();
  const absl::Status files = CheckFiles(*config, *PosixFileSystem());
  // Whatever is found here is wrong input.
  if (!files.ok()) return absl::InvalidArgumentError(files.message());
  return {absl::StrCat(path, ": ok\n"),
          {{"file", path}, {"kind", kind}, {"name", config->name.text()}}};
}

void AddKind(CLI::App& check, const std::string& kind, const std::string& help,
             Answer& answer) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb = check.add_subcommand(kind, help);
  verb->add_option("file", *path, "The configuration file")->required();
  verb->callback([path, kind, &answer] {
    answer = kind == "hub" ? Run(*path, kind, &LoadHubConfig)
                           : Run<AgentConfig>(*path, kind, &LoadAgentConfig);
  });
}

}  // namespace

void AddCheckVerb(CLI::App& app, Answer& answer) {
  CLI::App* check = app.add_subcommand("check", "Check a configuration file");
  check->require_subcommand(1);
  AddKind(*check, "agent", "Of an agent (skexd)", answer);
  AddKind(*check, "hub", "Of a security hub (skex-hub)", answer);
}

}  // namespace service
