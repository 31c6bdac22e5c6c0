#include "service/ctl/online/online_verbs.h"

#include <iostream>
#include <sstream>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "service/config/agent_config.h"
#include "service/config/hub_config.h"
#include "service/ctl/complaint.h"
#include "service/ctl/exit_status.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr absl::Duration kLeastInterval = absl::Milliseconds(100);
constexpr size_t kMaxTablesSize = 1 << 20;

// The text of what is wrong with a time-out; empty if nothing is.
std::string CheckTimeout(const std::string& text) {
  absl::Duration timeout;
  if (absl::ParseDuration(text, &timeout) && timeout > absl::ZeroDuration()) {
    return "";
  }
  return "\"" + text + "\" is not a time such as 5s or 1m";
}

// The same for an interval.
std::string CheckInterval(const std::string& text) {
  absl::Duration interval;
  if (absl::ParseDuration(text, &interval) && interval >= kLeastInterval &&
      interval != absl::InfiniteDuration()) {
    return "";
  }
  return "\"" + text + "\" is not a time of at least 100ms, such as 1s";
}

// The delivery socket of the agent that is configured by `file`.
absl::StatusOr<std::string> DeliverySocketOf(const std::string& file) {
  absl::StatusOr<AgentConfig> config = LoadAgentConfig(file);
  if (!config.ok()) return config.status();
  if (config->delivery_socket.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file,
                     ": this agent hands out no keys; give a peer freshness = "
                     "\"delivery\", and add [delivery] with a socket"));
  }
  return config->delivery_socket;
}

// What is in `file`, or comes from standard input.
absl::StatusOr<std::string> ReadTables(const std::string& file) {
  if (file != "-") {
    return ReadSmallFile(*PosixFileSystem(), file, kMaxTablesSize);
  }
  std::ostringstream text;
  text << std::cin.rdbuf();
  if (text.str().size() > kMaxTablesSize) {
    return absl::InvalidArgumentError("standard input is over 1 MiB");
  }
  return text.str();
}

// The admin socket of the daemon that is configured by `file`.
absl::StatusOr<std::string> SocketOf(const std::string& file, bool hub) {
  if (hub) {
    absl::StatusOr<HubConfig> config = LoadHubConfig(file);
    if (!config.ok()) return config.status();
    return config->daemon.admin_socket;
  }
  absl::StatusOr<AgentConfig> config = LoadAgentConfig(file);
  if (!config.ok()) return config.status();
  return config->daemon.admin_socket;
}

}  // namespace

OnlineVerbs::OnlineVerbs(CLI::App& app, const bool& json) : json_(json) {
  CLI::Option* socket =
      app.add_option("--socket", request_.socket,
                     "admin socket of the running daemon to ask")
          ->type_name("PATH");
  app.add_option("--config", config_,
                 "configuration file of the running daemon, instead of its "
                 "socket")
      ->type_name("FILE")
      ->excludes(socket);
  app.add_flag("--hub", request_.hub, "the daemon is a hub, not an agent");
  app.add_option("--timeout", timeout_, "how long to wait for the daemon")
      ->type_name("TIME")
      ->capture_default_str()
      ->check(CheckTimeout);

  AddVerb(app, OnlineVerb::kStatus, "status", "how the agent or hub is doing");
  AddVerb(app, OnlineVerb::kPeers, "peers", "the peers of the agent");
  AddVerb(app, OnlineVerb::kKeys, "keys", "what keys the agent holds")
      ->add_option("peer", request_.peer, "only the keys with this peer");
  AddVerb(app, OnlineVerb::kEstablish, "establish",
          "establish one more key with a peer now")
      ->add_option("peer", request_.peer, "name of the peer")
      ->required();
  AddVerb(app, OnlineVerb::kRotate, "rotate",
          "let new connections to a peer use another key")
      ->add_option("peer", request_.peer, "name of the peer")
      ->required();
  // Also as an option: the verbs of pairs have it so.
  AddVerb(app, OnlineVerb::kAllowJump, "allow-jump",
          "let the lane to a peer jump ahead, after a look at both machines")
      ->add_option("peer,--peer", request_.peer, "name of the peer")
      ->required();
  AddTake(app);
  AddChanges(app);
  AddTop(app);
  AddVerb(app, OnlineVerb::kAgents, "agents",
          "the agents enrolled with the hub");
  AddVerb(app, OnlineVerb::kReload, "reload",
          "carry out what has changed: the agent's pads, peers and tunnels in "
          "its configuration, the hub's enrolments");
}

void OnlineVerbs::AddChanges(CLI::App& app) {
  CLI::App* add = AddVerb(app, OnlineVerb::kAdd, "add",
                          "add peers and tunnels to a running agent, for its "
                          "later starts too");
  add->add_option("file", tables_file_,
                  "[[peer]], [[outbound]] and [[inbound]] tables as in the "
                  "configuration file; - reads standard input")
      ->required()
      ->type_name("FILE");
  add->add_flag("--replace", request_.replace,
                "instead of what was added under the same name");
  AddVerb(app, OnlineVerb::kRemovePeer, "remove-peer",
          "remove a peer that was added to a running agent")
      ->add_option("name", request_.peer, "name of the peer")
      ->required();
  AddVerb(app, OnlineVerb::kRemoveTunnel, "remove-tunnel",
          "remove a tunnel that was added to a running agent; its open "
          "connections go on")
      ->add_option("name", request_.peer, "name of the tunnel")
      ->required();
}

CLI::App* OnlineVerbs::AddVerb(CLI::App& app, OnlineVerb verb,
                               const std::string& name,
                               const std::string& help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->fallthrough();
  command->callback([this, verb] { verb_ = verb; });
  return command;
}

void OnlineVerbs::AddTake(CLI::App& app) {
  CLI::App* command =
      AddVerb(app, OnlineVerb::kTake, "take",
              "take keys for an application, of a peer with freshness "
              "\"delivery\"; --socket is the delivery socket");
  command->add_option("peer", request_.peer, "name of the peer")->required();
  CLI::Option* count =
      command->add_option("--count", take_.count, "how many new keys")
          ->type_name("N")
          ->capture_default_str()
          ->check(CLI::Range(1, 1000000));
  command
      ->add_option("--id", take_.ids,
                   "ids of keys that the peer handed out, instead of new ones")
      ->type_name("ID")
      ->excludes(count);
}

void OnlineVerbs::AddTop(CLI::App& app) {
  CLI::App* command =
      AddVerb(app, OnlineVerb::kTop, "top",
              "watch the agent or hub: keys, connections and pads, again and "
              "again");
  command
      ->add_option("--interval", interval_,
                   "how long from one look to the next")
      ->type_name("TIME")
      ->capture_default_str()
      ->check(CheckInterval);
  command->add_flag("--once", top_.once,
                    "print one picture, or one line, and end");
}

absl::Status OnlineVerbs::FindSocket() {
  if (request_.socket.empty() && config_.empty()) {
    return absl::InvalidArgumentError(
        "which daemon? Name its admin socket with --socket PATH, or its "
        "configuration file with --config FILE");
  }
  if (config_.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> socket = *verb_ == OnlineVerb::kTake
                                           ? DeliverySocketOf(config_)
                                           : SocketOf(config_, request_.hub);
  if (!socket.ok()) return socket.status();
  request_.socket = *std::move(socket);
  return absl::OkStatus();
}

int OnlineVerbs::Run(std::ostream& out, std::ostream& err) {
  absl::Status status = CheckKind(*verb_, request_.hub);
  if (status.ok()) status = FindSocket();
  if (!status.ok()) {
    Complain(status, json_, err);
    return kExitUsage;
  }
  if (*verb_ == OnlineVerb::kAdd) {
    absl::StatusOr<std::string> tables = ReadTables(tables_file_);
    if (!tables.ok()) {
      Complain(tables.status(), json_, err);
      return kExitUsage;
    }
    request_.tables = *std::move(tables);
  }
  // Checked while parsing.
  absl::ParseDuration(timeout_, &request_.timeout);
  request_.verb = *verb_;
  request_.json = json_;
  switch (*verb_) {
    case OnlineVerb::kTake:
      take_.socket = request_.socket;
      take_.peer = request_.peer;
      take_.json = request_.json;
      take_.timeout = request_.timeout;
      return RunTake(take_, out, err);
    case OnlineVerb::kTop:
      absl::ParseDuration(interval_, &top_.interval);
      top_.socket = request_.socket;
      top_.hub = request_.hub;
      top_.json = request_.json;
      top_.timeout = request_.timeout;
      return RunTop(top_, out, err);
    default:
      return RunOnline(request_, out, err);
  }
}

}  // namespace service
