#include "service/ctl/revoke_verb.h"

#include <unistd.h>

#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "service/config/hub_config.h"
#include "service/enrol/revoke.h"
#include "service/storage/posix_file_system.h"
#include "skex/base/ids.h"

namespace service {
namespace {

struct Options {
  std::string hub_config;
  std::string agent;
  std::string table;  // empty: the agent with all its pads
  bool yes = false;
};

// Asks on the terminal; without one there is nobody to ask.
absl::Status Confirm(const Options& options, const HubConfig& hub) {
  if (options.yes) return absl::OkStatus();
  if (isatty(STDIN_FILENO) == 0) {
    return absl::InvalidArgumentError(
        "revoking erases the pad for good; confirm with --yes");
  }
  if (options.table.empty()) {
    std::cerr << "Revoke " << options.agent << " at " << hub.name.text()
              << " and erase its pads for good? Type yes: " << std::flush;
  } else {
    std::cerr << "Erase the pad " << options.table << " of " << options.agent
              << " at " << hub.name.text()
              << " for good? Type yes: " << std::flush;
  }
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return absl::OkStatus();
  return absl::CancelledError("not confirmed; nothing was changed");
}

// What is left to do at a hub that has the pad open; `why` says what for.
std::string Reload(const Options& options, bool in_use, absl::string_view why) {
  if (!in_use) return "";
  return absl::StrCat("the hub is running; ", why,
                      " with: skexctl --hub --config ", options.hub_config,
                      " reload\n");
}

// `table`: the one pad that was erased; `left`: pads that the agent has now.
nlohmann::ordered_json ToJson(const HubConfig& hub, const skex::AgentId& agent,
                              const std::optional<skex::TableId>& table,
                              size_t left, bool in_use) {
  nlohmann::ordered_json json = {{"agent", agent.text()},
                                 {"hub", hub.name.text()},
                                 {"table_id", nullptr},
                                 {"pads", left},
                                 {"reload_needed", in_use}};
  if (table.has_value()) json["table_id"] = table->Hex();
  return json;
}

Answer RevokeAll(const Options& options, const HubConfig& hub,
                 const skex::AgentId& agent) {
  absl::StatusOr<Revoked> revoked =
      RevokeAgent(*PosixFileSystem(), hub.daemon.state_dir, agent);
  if (!revoked.ok()) return revoked.status();
  return {absl::StrCat(
              "revoked ", agent.text(), " at ", hub.name.text(),
              "; its pads are erased\n",
              Reload(options, revoked->in_use, "end the agent's connection")),
          ToJson(hub, agent, std::nullopt, 0, revoked->in_use)};
}

Answer RevokeOne(const Options& options, const HubConfig& hub,
                 const skex::AgentId& agent) {
  absl::StatusOr<RevokedTable> revoked = RevokeTable(
      *PosixFileSystem(), hub.daemon.state_dir, agent, options.table);
  if (!revoked.ok()) return revoked.status();
  nlohmann::ordered_json json =
      ToJson(hub, agent, revoked->table, revoked->left, revoked->in_use);
  if (!revoked->table.has_value()) {
    return {
        absl::StrCat("completed an interrupted revocation of a pad of ",
                     agent.text(), "; no other has a table that begins with ",
                     options.table, "\n"),
        std::move(json)};
  }
  return {absl::StrCat(
              "erased the pad ", revoked->table->Hex(), " of ", agent.text(),
              " at ", hub.name.text(), "; ", revoked->left,
              revoked->left == 1 ? " pad is left\n" : " pads are left\n",
              "remove it from pad = [...] in the agent's configuration too, "
              "then skexctl reload there\n",
              Reload(options, revoked->in_use, "make it let go of the pad")),
          std::move(json)};
}

Answer Run(const Options& options) {
  absl::StatusOr<HubConfig> hub = LoadHubConfig(options.hub_config);
  if (!hub.ok()) return hub.status();
  absl::StatusOr<skex::AgentId> agent = skex::AgentId::Parse(options.agent);
  if (!agent.ok()) return agent.status();
  absl::Status status = Confirm(options, *hub);
  if (!status.ok()) return status;
  return options.table.empty() ? RevokeAll(options, *hub, *agent)
                               : RevokeOne(options, *hub, *agent);
}

}  // namespace

void AddRevokeVerb(CLI::App& app, Answer& answer) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "revoke", "Take an agent away from a hub and erase its pads");
  verb->add_option("--hub-config", options->hub_config,
                   "The hub's configuration file")
      ->required();
  verb->add_option("--agent", options->agent, "The agent's name")->required();
  verb->add_option("--table", options->table,
                   "Erase only the pad whose table id begins with these digits "
                   "(8 or more)");
  verb->add_flag("--yes", options->yes, "Do not ask");
  verb->callback([options, &answer] { answer = Run(*options); });
}

}  // namespace service
