// How AgentRuntime takes over another configuration.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/agent/agent_runtime.h"
#include "service/agent/peer_policies.h"
#include "service/agent/runtime_errors.h"

namespace service {

absl::Status AgentRuntime::CheckPolicy(const PeerEntry& entry) {
  return entry.UsesHubs() ? DskePolicyOf(entry).Check() : absl::OkStatus();
}

absl::StatusOr<AgentRuntime::PreparedPeer> AgentRuntime::Prepare(
    const AgentConfig& config, const PeerEntry& entry) const {
  absl::Status status = CheckPolicy(entry);
  if (!status.ok()) return status;
  PreparedPeer peer = {.entry = entry, .dials = Dials(config, entry)};
  if (entry.UsesLanes()) {
    absl::StatusOr<AgentLanes::OpenPair> lanes = lanes_.OpenPeer(config, entry);
    if (!lanes.ok()) return lanes.status();
    peer.lanes = *std::move(lanes);
  }
  return peer;
}

void AgentRuntime::TakeIn(PreparedPeer peer) {
  if (peer.entry.UsesHubs()) node_.AddPeer(DskePolicyOf(peer.entry));
  if (peer.lanes.has_value()) {
    lanes_.AddPeer(peer.entry, *std::move(peer.lanes));
  }
  psks_.AddPeer(KeystorePolicyOf(peer.entry, peer.dials));
  peers_.emplace(peer.entry.name,
                 Peer{.entry = peer.entry, .dials = peer.dials});
}

// ---- Planning and carrying out

struct AgentRuntime::Plan {
  AgentConfig config;
  ConfigChange change;
  AgentHubs::Changes pads;
  std::vector<PreparedPeer> added;  // not those that are replaced
  ChangeTunnels change_tunnels;     // null: they stay
};

absl::StatusOr<std::string> AgentRuntime::Reload() {
  MutexLock lock(&reloading_);
  absl::StatusOr<Plan> plan = PlanReload();
  if (!plan.ok()) return plan.status();
  absl::StatusOr<std::string> outcome = CarryOut(*std::move(plan));
  if (outcome.ok()) log_->Info("reloaded", {{"result", *outcome}});
  return outcome;
}

absl::StatusOr<std::string> AgentRuntime::AddTables(const std::string& toml,
                                                    bool replace) {
  return Change([&toml, replace](ManagedConfig& managed) {
    return managed.Add(toml, replace);
  });
}

absl::StatusOr<std::string> AgentRuntime::RemovePeer(const std::string& name) {
  return Change(
      [&name](ManagedConfig& managed) { return managed.RemovePeer(name); });
}

absl::StatusOr<std::string> AgentRuntime::RemoveTunnel(
    const std::string& name) {
  return Change(
      [&name](ManagedConfig& managed) { return managed.RemoveTunnel(name); });
}

absl::StatusOr<std::string> AgentRuntime::Change(
    absl::FunctionRef<absl::Status(ManagedConfig&)> edit) {
  MutexLock lock(&reloading_);
  absl::Status status = edit(managed_);
  if (!status.ok()) return status;
  absl::StatusOr<Plan> plan = PlanReload();
  if (!plan.ok()) {
    status = managed_.Undo();
    if (status.ok()) return plan.status();
    return absl::Status(
        plan.status().code(),
        absl::StrCat(plan.status().message(), "; the next start will try it ",
                     "again: ", status.message()));
  }
  absl::StatusOr<std::string> outcome = CarryOut(*std::move(plan));
  if (outcome.ok()) log_->Info("changed", {{"result", *outcome}});
  return outcome;
}

absl::StatusOr<AgentRuntime::Plan> AgentRuntime::PlanReload() {
  if (!surroundings_.read_config) {
    return absl::UnimplementedError("this agent has no configuration file");
  }
  absl::StatusOr<AgentConfig> config = surroundings_.read_config();
  if (!config.ok()) return config.status();
  if (config->name != name_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the configuration is that of ", config->name.text(), " now, this is ",
        name_.text(), "; restart the agent to rename it"));
  }
  AgentHubs::Identities open;
  if (!loop_.Call([this, &open] { open = hubs_.OpenIdentities(); })) {
    return Stopping();
  }
  absl::StatusOr<AgentHubs::Changes> pads = hubs_.Plan(*config, open);
  if (!pads.ok()) return pads.status();
  Plan plan = {.config = *std::move(config), .pads = *std::move(pads)};
  plan.change = CompareConfigs(config_, plan.config);
  for (const PeerEntry& entry : plan.change.added) {
    absl::StatusOr<PreparedPeer> peer = Prepare(plan.config, entry);
    if (!peer.ok()) return peer.status();
    plan.added.push_back(*std::move(peer));
  }
  for (const PeerEntry& entry : plan.change.replaced) {
    absl::Status status = CheckPolicy(entry);
    if (!status.ok()) return status;
  }
  if (surroundings_.plan_tunnels) {
    absl::StatusOr<ChangeTunnels> tunnels =
        surroundings_.plan_tunnels(plan.config);
    if (!tunnels.ok()) return tunnels.status();
    plan.change_tunnels = *std::move(tunnels);
  }
  return plan;
}

absl::StatusOr<std::string> AgentRuntime::CarryOut(Plan plan) {
  const ConfigChange& change = plan.change;
  std::string pads;
  const bool running = loop_.Call([&] {
    HandleEvents();  // they are of the peers as they were
    pads = hubs_.TakeOver(std::move(plan.pads));
    for (const skex::AgentId& peer : change.removed) LetGo(peer);
    for (const PeerEntry& entry : change.replaced) LetGo(entry.name);
  });
  if (!running) return Stopping();
  // Not before: their lane files were open.
  absl::Status failed;
  for (const PeerEntry& entry : change.replaced) {
    absl::StatusOr<PreparedPeer> peer = Prepare(plan.config, entry);
    if (peer.ok()) {
      plan.added.push_back(*std::move(peer));
    } else {
      failed.Update(absl::Status(
          peer.status().code(),
          absl::StrCat(entry.name.text(), " is out of service: ",
                       peer.status().message(), "; then reload again")));
      std::erase_if(plan.config.peers, [&entry](const PeerEntry& other) {
        return other.name == entry.name;
      });
    }
  }
  loop_.Call([&] {
    for (PreparedPeer& peer : plan.added) TakeIn(std::move(peer));
    for (const PeerEntry& entry : change.paced) {
      Pace(entry, Dials(plan.config, entry));
    }
    UpdateDemand();
  });
  std::string tunnels = "tunnels as before";
  if (plan.change_tunnels) tunnels = plan.change_tunnels();
  config_ = std::move(plan.config);
  if (surroundings_.metrics != nullptr) {
    std::vector<std::string> names;
    for (const PeerEntry& entry : config_.peers) {
      names.push_back(entry.name.text());
    }
    surroundings_.metrics->SetPeers(names);
  }
  if (!failed.ok()) return failed;
  std::string outcome =
      absl::StrCat(pads, "; peers: ", change.added.size(), " new, ",
                   change.replaced.size() + change.paced.size(), " changed, ",
                   change.removed.size(), " removed; ", tunnels);
  if (!change.restart.empty()) {
    absl::StrAppend(&outcome,
                    "; takes a restart: ", absl::StrJoin(change.restart, ", "));
  }
  return outcome;
}

void AgentRuntime::LetGo(const skex::AgentId& peer) {
  node_.RemovePeer(peer);
  lanes_.RemovePeer(peer);
  psks_.RemovePeer(peer);
  peers_.erase(peer);
  std::erase_if(waiters_, [&peer](const std::shared_ptr<Waiter>& waiter) {
    if (waiter->peer != peer) return false;
    Finish(*waiter, NoSuchPeer(peer));
    return true;
  });
}

void AgentRuntime::Pace(const PeerEntry& entry, bool dials) {
  Peer& peer = peers_.at(entry.name);
  peer.entry = entry;
  peer.dials = dials;
  psks_.UpdatePeer(KeystorePolicyOf(entry, dials));
}

}  // namespace service
