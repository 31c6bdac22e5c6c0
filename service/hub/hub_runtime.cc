#include "service/hub/hub_runtime.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "service/base/instant_now.h"
#include "service/base/monotonic_time.h"
#include "service/version.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::Duration kHousekeepInterval = absl::Milliseconds(500);
// A stream without a valid hello is closed after this time.
constexpr absl::Duration kHelloPatience = absl::Seconds(10);

skex::Relay::Enrolment ToRelay(const Enrolment& enrolment) {
  return {.allow = {enrolment.allow.begin(), enrolment.allow.end()},
          .pair_quota_bytes = enrolment.pair_quota_bytes};
}

}  // namespace

HubRuntime::HubRuntime(const HubConfig& config, FileSystem* files, Log* log)
    : config_(config),
      files_(files),
      log_(log),
      node_({.self = config.name,
             .boot = skex::RandomId<skex::BootId>(entropy_),
             .entropy = &entropy_,
             .relay = {.self = config.name,
                       .most_waiting = config.limits.exchanges,
                       .share_wait = config.limits.share_wait}}),
      erasure_(log),
      pad_watch_(log, "agent") {}

absl::StatusOr<std::unique_ptr<HubRuntime>> HubRuntime::Create(
    const HubConfig& config, FileSystem* files, Log* log) {
  auto runtime = absl::WrapUnique(new HubRuntime(config, files, log));
  if (!config.daemon.pad_log.empty()) {
    absl::StatusOr<std::unique_ptr<PadAudit>> audit =
        PadAudit::Open(files, config.daemon.pad_log);
    if (!audit.ok()) return audit.status();
    runtime->audit_ = *std::move(audit);
  }
  absl::StatusOr<Candidates> candidates = runtime->ReadEnrolments();
  if (!candidates.ok()) return candidates.status();
  runtime->TakeOver(*std::move(candidates));
  return runtime;
}

absl::StatusOr<HubRuntime::Candidates> HubRuntime::ReadEnrolments() {
  absl::StatusOr<std::vector<EnrolledAgent>> enrolled =
      ListEnrolments(config_.daemon.state_dir);
  if (!enrolled.ok()) return enrolled.status();
  Candidates candidates;
  for (const EnrolledAgent& agent : *enrolled) {
    absl::StatusOr<Enrolment> enrolment = LoadEnrolment(agent.enrolment);
    if (!enrolment.ok()) return enrolment.status();
    const auto found = agents_.find(agent.name);
    absl::StatusOr<PadChange> pads =
        PlanPads(*files_,
                 {skex::Side::kHub, agent.name, config_.name, agent.pads,
                  enrolment->least_source},
                 found == agents_.end() ? std::vector<skex::PadIdentity>()
                                        : found->second.pads.identities(),
                 audit_.get());
    if (!pads.ok()) return pads.status();
    candidates.emplace(agent.name,
                       Candidate{*std::move(enrolment), *std::move(pads)});
  }
  return candidates;
}

std::string HubRuntime::TakeOver(Candidates candidates) {
  size_t added = 0;
  size_t changed = 0;
  std::vector<skex::AgentId> gone;
  for (const auto& [name, agent] : agents_) {
    const auto found = candidates.find(name);
    // Without any of its pads it is another enrolment, or none.
    if (found == candidates.end() ||
        found->second.pads.gone.size() == agent.pads.pads().size()) {
      gone.push_back(name);
    }
  }
  for (const skex::AgentId& name : gone) Remove(name);
  for (auto& [name, candidate] : candidates) {
    const bool is_new = !agents_.contains(name);
    Agent& agent = agents_[name];
    const bool differs = !(agent.enrolment == candidate.enrolment) ||
                         !candidate.pads.added.empty() ||
                         !candidate.pads.gone.empty();
    added += is_new;
    changed += !is_new && differs;
    agent.enrolment = std::move(candidate.enrolment);
    ChangePads(name, agent, std::move(candidate.pads));
    if (!is_new && differs) node_.UpdateAgent(name, ToRelay(agent.enrolment));
  }
  return absl::StrCat(agents_.size(), " agents enrolled: ", added, " new, ",
                      changed, " changed, ", gone.size(), " revoked");
}

void HubRuntime::ChangePads(const skex::AgentId& name, Agent& agent,
                            PadChange change) {
  bool enrolled = !agent.pads.pads().empty();
  agent.pads.Apply(
      std::move(change),
      [&](skex::Pad* pad) {
        if (enrolled) {
          node_.AddPad(name, pad);
        } else {
          node_.AddAgent(name, pad, ToRelay(agent.enrolment));
        }
        enrolled = true;
      },
      [&](const skex::TableId& table) { node_.RemovePad(name, table); });
}

void HubRuntime::Remove(const skex::AgentId& agent) {
  const std::optional<skex::StreamNumber> stream = node_.RemoveAgent(agent);
  if (stream.has_value()) {
    server_->Close(*stream, absl::UnauthenticatedError("enrolment revoked"));
  }
  agents_.erase(agent);
}

HubRuntime::~HubRuntime() { Stop(); }

absl::Status HubRuntime::Start(HubMetrics* metrics, OnAgents on_agents) {
  metrics_ = metrics;
  on_agents_ = std::move(on_agents);
  started_ = MonotonicNow();
  RelayServer::Callbacks callbacks;
  callbacks.on_up = [this](skex::StreamNumber stream) {
    loop_.Post([this, stream] {
      strangers_[stream] = MonotonicNow() + kHelloPatience;
      node_.OnStreamUp(stream);
    });
  };
  callbacks.on_frames = [this](skex::StreamNumber stream,
                               std::vector<std::string> frames) {
    loop_.RunOrPost([this, stream, frames = std::move(frames)] {
      for (const std::string& frame : frames) {
        // Nothing of a stream counts behind what closes it.
        if (!OnFrame(stream, frame)) break;
      }
      server_->Dealt(stream);
    });
  };
  callbacks.on_down = [this](skex::StreamNumber stream) {
    loop_.Post([this, stream] {
      strangers_.erase(stream);
      node_.OnStreamDown(stream);
    });
  };
  absl::StatusOr<std::unique_ptr<RelayServer>> server =
      RelayServer::Start(config_.listen, std::move(callbacks));
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  running_ = true;
  // Streams that came by now wait in the loop's queue.
  loop_.Start([this] { return AfterTasks(); });
  return absl::OkStatus();
}

void HubRuntime::Stop() {
  if (!running_) return;
  running_ = false;
  server_->Shutdown();
  loop_.Stop();
  for (auto& [name, agent] : agents_) {
    for (skex::Pad* pad : agent.pads.pads()) pad->EraseUsed(true).IgnoreError();
  }
}

absl::Duration HubRuntime::AfterTasks() {
  const absl::Duration now = MonotonicNow();
  node_.OnTime(InstantNow());
  if (now >= housekeep_at_) Housekeep(now);
  SendFrames();
  WatchAgents();
  return housekeep_at_;
}

bool HubRuntime::OnFrame(skex::StreamNumber stream, const std::string& frame) {
  absl::Status status =
      node_.OnFrame(stream, skex::AsBytes(frame), InstantNow());
  if (status.ok()) {
    strangers_.erase(stream);
    return true;
  }
  if (metrics_ != nullptr) metrics_->MessageRejected(status.code());
  log_->Debug("message_rejected", {{"reason", status.message()}});
  if (status.code() != absl::StatusCode::kUnauthenticated) return true;
  log_->Info("stream_refused", {{"reason", status.message()}});
  // Why is for the log only.
  server_->Close(stream, absl::UnauthenticatedError("not accepted"));
  return false;
}

void HubRuntime::SendFrames() {
  for (auto& [stream, frame] : node_.TakeFrames()) {
    server_->Send(stream, std::move(frame));
  }
  for (skex::StreamNumber stream : node_.TakeReplaced()) {
    server_->Close(stream, absl::AbortedError("replaced by a newer stream"));
  }
}

void HubRuntime::WatchAgents() {
  size_t count = 0;
  for (auto& [name, agent] : agents_) {
    const bool connected = node_.link(name).ready();
    count += connected;
    if (connected == agent.connected) continue;
    agent.connected = connected;
    log_->Info(connected ? "agent_connected" : "agent_disconnected",
               {{"agent", name.text()}});
  }
  const std::pair<size_t, size_t> agents(count, agents_.size());
  if (told_agents_ == agents) return;
  told_agents_ = agents;
  on_agents_(agents.first, agents.second);
}

void HubRuntime::CloseSilentStreams(absl::Duration now) {
  for (auto it = strangers_.begin(); it != strangers_.end();) {
    if (now < it->second) {
      ++it;
      continue;
    }
    server_->Close(it->first, absl::DeadlineExceededError("no hello came"));
    it = strangers_.erase(it);
  }
}

void HubRuntime::Housekeep(absl::Duration now) {
  housekeep_at_ = now + kHousekeepInterval;
  CloseSilentStreams(now);
  std::vector<skex::Pad*> all;
  for (const auto& [name, agent] : agents_) {
    const std::vector<skex::Pad*> pads = agent.pads.pads();
    all.insert(all.end(), pads.begin(), pads.end());
    pad_watch_.Look(now, name.text(), pads);
  }
  erasure_.Run(now, all, audit_.get());
}

HubStatusView HubRuntime::Status() {
  HubStatusView view;
  if (!loop_.Call([this, &view] { view = StatusOnLoop(); })) {
    view.name = config_.name.text();
  }
  return view;
}

HubStatusView HubRuntime::StatusOnLoop() {
  HubStatusView view;
  view.name = config_.name.text();
  view.version = std::string(Version());
  view.uptime = MonotonicNow() - started_;
  view.listen = server_->address();
  view.exchanges_waiting = node_.relay().waiting();
  for (size_t i = 0; i < skex::kRelayResults; ++i) {
    const auto result = static_cast<skex::RelayResult>(i);
    view.shares.emplace_back(std::string(skex::RelayResultName(result)),
                             node_.relay().count(result));
  }
  for (const auto& [name, agent] : agents_) {
    const skex::Link& link = node_.link(name);
    EnrolledAgentView& out = view.agents.emplace_back();
    out.name = name.text();
    out.connected = link.ready();
    out.detail = link.detail();
    for (const skex::AgentId& initiator : agent.enrolment.allow) {
      out.allow.push_back(initiator.text());
    }
    out.supply = agent.pads.View(link, pad_watch_.OutlookOf(name.text()));
    const auto [relayed, refused] = node_.relay().CountsOf(name);
    out.shares_relayed = relayed;
    out.shares_refused = refused;
  }
  return view;
}

absl::StatusOr<std::string> HubRuntime::Reload() {
  absl::StatusOr<std::string> outcome =
      absl::UnavailableError("the hub is stopping");
  loop_.Call([this, &outcome] {
    absl::StatusOr<Candidates> candidates = ReadEnrolments();
    if (!candidates.ok()) {
      outcome = candidates.status();
      return;
    }
    outcome = TakeOver(*std::move(candidates));
  });
  if (outcome.ok()) log_->Info("reloaded", {{"result", *outcome}});
  return outcome;
}

}  // namespace service
