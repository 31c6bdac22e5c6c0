#include "service/agent/agent_hubs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/base/instant_now.h"
#include "service/base/monotonic_time.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::Duration kReconnectDelay = absl::Milliseconds(250);
// A stream on which the hub does not welcome us is given up after this time.
constexpr absl::Duration kWelcomePatience = absl::Seconds(10);

PadFiles PadFilesOf(const skex::AgentId& agent, const HubEntry& hub) {
  return {skex::Side::kAgent, agent, hub.name, hub.pads, hub.least_source};
}

}  // namespace

AgentHubs::AgentHubs(const skex::AgentId& self, FileSystem* files,
                     skex::AgentNode* node, EventLoop* loop, Log* log)
    : self_(self),
      files_(files),
      node_(node),
      loop_(loop),
      log_(log),
      erasure_(log),
      pad_watch_(log, "hub") {}

absl::Status AgentHubs::Open(const AgentConfig& config) {
  if (!config.daemon.pad_log.empty()) {
    absl::StatusOr<std::unique_ptr<PadAudit>> audit =
        PadAudit::Open(files_, config.daemon.pad_log);
    if (!audit.ok()) return audit.status();
    audit_ = *std::move(audit);
  }
  for (const HubEntry& entry : config.hubs) {
    absl::StatusOr<PadChange> pads =
        PlanPads(*files_, PadFilesOf(self_, entry), {}, audit_.get());
    if (!pads.ok()) return pads.status();
    Hub& hub = hubs_
                   .emplace(entry.name, Hub{.name = entry.name,
                                            .address = entry.address,
                                            .last_error = "not tried yet"})
                   .first->second;
    bool added = false;
    hub.pads.Apply(
        *std::move(pads),
        [&](skex::Pad* pad) {
          if (added) {
            node_->AddPad(entry.name, pad);
          } else {
            node_->AddHub(entry.name, pad);
          }
          added = true;
        },
        [](const skex::TableId&) {});
  }
  return absl::OkStatus();
}

void AgentHubs::Start(AgentMetrics* metrics) {
  metrics_ = metrics;
  for (auto& [name, hub] : hubs_) {
    hub.connection = std::make_unique<HubConnection>(hub.address);
  }
}

void AgentHubs::Connect(absl::Duration now) {
  if (stopping_) return;
  for (auto& [name, entry] : hubs_) {
    Hub& hub = entry;
    if (hub.streaming || now < hub.connect_at) continue;
    hub.streaming = true;
    hub.connected_at = now;
    hub.connection->Connect(
        [this, &hub](std::vector<std::string> frames) {
          loop_->RunOrPost([this, &hub, frames = std::move(frames)] {
            for (const std::string& frame : frames) OnFrame(hub, frame);
            hub.connection->Dealt();
          });
        },
        [this, &hub](absl::Status status) {
          loop_->Post(
              [this, &hub, status = std::move(status)] { OnEnd(hub, status); });
        });
  }
}

absl::Duration AgentHubs::NextTime() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [name, hub] : hubs_) {
    if (!hub.streaming) next = std::min(next, hub.connect_at);
  }
  return next;
}

void AgentHubs::Send(std::vector<std::pair<skex::HubId, std::string>> frames) {
  for (auto& [name, frame] : frames) {
    Hub& hub = hubs_.at(name);
    if (hub.streaming) hub.connection->Send(std::move(frame));
  }
}

void AgentHubs::OnFrame(Hub& hub, const std::string& frame) {
  absl::Status status =
      node_->OnFrame(hub.name, skex::AsBytes(frame), InstantNow());
  if (status.ok()) return;
  if (metrics_ != nullptr) metrics_->MessageRejected(status.code());
  log_->Debug("message_rejected",
              {{"hub", hub.name.text()}, {"reason", status.message()}});
  if (!node_->link(hub.name).connected()) {
    hub.last_error = std::string(status.message());
  }
}

void AgentHubs::OnEnd(Hub& hub, const absl::Status& status) {
  node_->OnStreamDown(hub.name);
  hub.streaming = false;
  hub.connect_at = MonotonicNow() + kReconnectDelay;
  hub.last_error = status.code() == absl::StatusCode::kUnauthenticated
                       ? "the hub does not accept this agent: not enrolled "
                         "there, or with another pad"
                       : std::string(status.message());
}

void AgentHubs::Watch() {
  for (auto& [name, hub] : hubs_) {
    const bool connected = node_->link(name).ready();
    if (connected == hub.connected) continue;
    hub.connected = connected;
    if (connected) {
      hub.last_error.clear();
      log_->Info("hub_connected", {{"hub", name.text()}});
    } else if (!stopping_) {
      log_->Warning("hub_disconnected",
                    {{"hub", name.text()},
                     {"reason", hub.streaming ? node_->link(name).detail()
                                              : hub.last_error}});
    }
  }
}

void AgentHubs::Tend(absl::Duration now) {
  std::vector<skex::Pad*> all;
  for (auto& [name, entry] : hubs_) {
    const std::vector<skex::Pad*> pads = entry.pads.pads();
    all.insert(all.end(), pads.begin(), pads.end());
    pad_watch_.Look(now, name.text(), pads);
    if (entry.streaming && !node_->link(name).connected() &&
        now - entry.connected_at >= kWelcomePatience) {
      // Something on the way was lost or changed. It is tried anew.
      entry.connected_at = now;
      entry.connection->Disconnect();
    }
  }
  erasure_.Run(now, all, audit_.get());
}

std::vector<HubView> AgentHubs::View() const {
  std::vector<HubView> views;
  for (const auto& [name, hub] : hubs_) {
    HubView& out = views.emplace_back();
    out.name = name.text();
    out.address = hub.address.ToString();
    out.connected = node_->link(name).ready();
    if (!out.connected) out.detail = Detail(hub);
    out.supply =
        hub.pads.View(node_->link(name), pad_watch_.OutlookOf(name.text()));
  }
  return views;
}

std::string AgentHubs::Detail(const Hub& hub) const {
  return hub.streaming && hub.last_error.empty()
             ? node_->link(hub.name).detail()
             : hub.last_error;
}

void AgentHubs::Disconnect() {
  stopping_ = true;
  for (auto& [name, hub] : hubs_) hub.connection->Disconnect();
}

bool AgentHubs::quiet() const {
  return std::none_of(hubs_.begin(), hubs_.end(),
                      [](const auto& entry) { return entry.second.streaming; });
}

void AgentHubs::EraseUsed() {
  for (auto& [name, hub] : hubs_) {
    for (skex::Pad* pad : hub.pads.pads()) pad->EraseUsed(true).IgnoreError();
  }
}

AgentHubs::Identities AgentHubs::OpenIdentities() const {
  Identities open;
  for (const auto& [name, hub] : hubs_) open[name] = hub.pads.identities();
  return open;
}

absl::StatusOr<AgentHubs::Changes> AgentHubs::Plan(
    const AgentConfig& config, const Identities& open) const {
  Changes changes;
  for (const HubEntry& entry : config.hubs) {
    const auto hub = open.find(entry.name);
    if (hub == open.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat(entry.name.text(),
                       " is new in the configuration; restart the agent to "
                       "add a hub"));
    }
    absl::StatusOr<PadChange> change =
        PlanPads(*files_, PadFilesOf(self_, entry), hub->second, audit_.get());
    if (!change.ok()) return change.status();
    changes.emplace(entry.name, *std::move(change));
  }
  return changes;
}

std::string AgentHubs::TakeOver(Changes changes) {
  size_t added = 0;
  size_t gone = 0;
  size_t pads = 0;
  for (auto& [name, hub] : hubs_) {
    PadChange& change = changes[name];
    added += change.added.size();
    gone += change.gone.size();
    hub.pads.Apply(
        std::move(change),
        [this, &name = name](skex::Pad* pad) { node_->AddPad(name, pad); },
        [this, &name = name](const skex::TableId& table) {
          node_->RemovePad(name, table);
        });
    pads += hub.pads.pads().size();
  }
  return absl::StrCat(pads, " pads: ", added, " new, ", gone, " let go");
}

}  // namespace service
