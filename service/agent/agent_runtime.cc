#include "service/agent/agent_runtime.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "service/agent/views.h"
#include "service/base/monotonic_time.h"
#include "service/version.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::Duration kReconnectDelay = absl::Milliseconds(250);
constexpr absl::Duration kHousekeepInterval = absl::Milliseconds(500);
// A stream on which the hub does not welcome us is given up after this time.
constexpr absl::Duration kWelcomePatience = absl::Seconds(10);
// How often a connection without a key may cut a back-off short.
constexpr absl::Duration kHurryInterval = absl::Seconds(1);

skex::Instant Now() { return {absl::Now(), MonotonicNow()}; }

skex::PeerPolicy PolicyOf(const PeerEntry& entry) {
  skex::PeerPolicy policy = {.peer = entry.name};
  policy.hubs = entry.hubs;
  policy.SortHubs();
  policy.threshold = static_cast<uint8_t>(entry.threshold);
  policy.min_hubs = static_cast<uint8_t>(entry.min_hubs);
  policy.freshness = entry.freshness;
  policy.key_bytes = entry.key_bytes;
  policy.key_lifetime = entry.key_lifetime;
  policy.use_limit = entry.connections_per_key;
  policy.exchange_timeout = entry.exchange_timeout;
  return policy;
}

PadFiles PadFilesOf(const skex::AgentId& agent, const HubEntry& hub) {
  return {skex::Side::kAgent, agent, hub.name, hub.pads, hub.least_source};
}

}  // namespace

AgentRuntime::AgentRuntime(const AgentConfig& config, FileSystem* files,
                           Log* log)
    : name_(config.name),
      files_(files),
      log_(log),
      node_({.self = config.name,
             .boot = skex::RandomId<skex::BootId>(entropy_),
             .entropy = &entropy_}),
      psks_(&entropy_,
            [this] {
              // One task at a time is enough: it looks at all peers.
              if (!demand_posted_.exchange(true)) {
                loop_.Post([this] { OnDemand(); });
              }
            }),
      erasure_(log),
      pad_watch_(log, "hub") {}

absl::StatusOr<std::unique_ptr<AgentRuntime>> AgentRuntime::Create(
    const AgentConfig& config, FileSystem* files, Log* log) {
  auto runtime = absl::WrapUnique(new AgentRuntime(config, files, log));
  absl::Status status = runtime->OpenHubs(config);
  if (!status.ok()) return status;
  status = runtime->AddPeers(config);
  if (!status.ok()) return status;
  return runtime;
}

absl::Status AgentRuntime::OpenHubs(const AgentConfig& config) {
  if (!config.daemon.pad_log.empty()) {
    absl::StatusOr<std::unique_ptr<PadAudit>> audit =
        PadAudit::Open(files_, config.daemon.pad_log);
    if (!audit.ok()) return audit.status();
    audit_ = *std::move(audit);
  }
  for (const HubEntry& entry : config.hubs) {
    absl::StatusOr<PadChange> pads =
        PlanPads(*files_, PadFilesOf(config.name, entry), {}, audit_.get());
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
            node_.AddPad(entry.name, pad);
          } else {
            node_.AddHub(entry.name, pad);
          }
          added = true;
        },
        [](const skex::TableId&) {});
  }
  return absl::OkStatus();
}

absl::Status AgentRuntime::AddPeers(const AgentConfig& config) {
  for (const PeerEntry& entry : config.peers) {
    const skex::PeerPolicy peer_policy = PolicyOf(entry);
    absl::Status status = peer_policy.Check();
    if (!status.ok()) return status;
    node_.AddPeer(peer_policy);
    const bool delivery = entry.freshness == skex::Freshness::kDelivery;
    const bool dials =
        delivery ||
        std::any_of(config.outbounds.begin(), config.outbounds.end(),
                    [&entry](const OutboundEntry& tunnel) {
                      return tunnel.peer == entry.name;
                    });
    skex::KeystorePolicy policy = {.peer = entry.name};
    // A peer that is only accepted from still gets one key after each start:
    // by that it learns that this agent has restarted.
    policy.pool_low = dials ? entry.pool_low : 1;
    policy.pool_high = dials ? entry.pool_high : 1;
    policy.rekey_interval = entry.rekey_interval;
    policy.overlap = entry.overlap;
    policy.delivery = delivery;
    psks_.AddPeer(policy);
    peers_.emplace(entry.name, Peer{.entry = entry, .dials = dials});
  }
  return absl::OkStatus();
}

AgentRuntime::~AgentRuntime() { Stop(); }

void AgentRuntime::Start(Surroundings surroundings) {
  surroundings_ = std::move(surroundings);
  started_ = MonotonicNow();
  for (auto& [name, hub] : hubs_) {
    hub.connection = std::make_unique<HubConnection>(hub.address);
  }
  running_ = true;
  loop_.Start([this] { return AfterTasks(); });
}

void AgentRuntime::Stop() {
  if (stopped_.exchange(true)) return;
  if (!running_) {
    loop_.Stop();
    return;
  }
  bool quiet = hubs_.empty();
  psks_.Stop();
  loop_.Call([this] {
    stopping_ = true;
    for (auto& waiter : waiters_) {
      Finish(*waiter, absl::UnavailableError("the agent is stopping"));
    }
    waiters_.clear();
    for (auto& [name, hub] : hubs_) hub.connection->Disconnect();
  });
  // The streams end on gRPC's threads, which still post to the loop.
  while (!quiet) {
    loop_.Call([this, &quiet] {
      quiet = std::none_of(hubs_.begin(), hubs_.end(), [](const auto& entry) {
        return entry.second.streaming;
      });
    });
    if (!quiet) absl::SleepFor(absl::Milliseconds(5));
  }
  loop_.Stop();
  for (auto& [name, hub] : hubs_) {
    for (skex::Pad* pad : hub.pads.pads()) pad->EraseUsed(true).IgnoreError();
  }
}

absl::Duration AgentRuntime::AfterTasks() {
  const absl::Duration now = MonotonicNow();
  node_.OnTime(Now());
  if (now >= housekeep_at_) Housekeep(now);
  ConnectHubs(now);
  HandleEvents();
  WatchHubs();
  ServeWaiters();
  UpdateReadiness();
  SendFrames();
  absl::Duration next = housekeep_at_;
  if (const auto due = node_.NextTime()) next = std::min(next, *due);
  for (const auto& [name, hub] : hubs_) {
    if (!hub.streaming) next = std::min(next, hub.connect_at);
  }
  for (const auto& waiter : waiters_) {
    next = std::min(next, now + (waiter->deadline - absl::Now()));
  }
  return next;
}

void AgentRuntime::HandleEvents() {
  // Dealing with an event can bring about others.
  for (auto events = node_.TakeEvents(); !events.empty();
       events = node_.TakeEvents()) {
    for (skex::AgentEvent& event : events) HandleEvent(event);
  }
}

void AgentRuntime::HandleEvent(skex::AgentEvent& event) {
  if (auto* keys = std::get_if<skex::KeysEstablished>(&event)) {
    OnKeys(*keys);
  } else if (auto* failed = std::get_if<skex::ExchangeFailed>(&event)) {
    OnFailure(*failed);
  } else if (auto* bad = std::get_if<skex::ShareInconsistent>(&event)) {
    log_->Warning("share_inconsistent", {{"hub", bad->hub.text()},
                                         {"initiator", bad->initiator.text()}});
    if (surroundings_.metrics != nullptr) {
      surroundings_.metrics->ShareInconsistent(bad->hub.text(),
                                               bad->initiator.text());
    }
  } else if (auto* refused = std::get_if<skex::OfferRefused>(&event)) {
    log_->Warning("offer_refused", {{"hub", refused->hub.text()},
                                    {"reason", refused->reason.message()}});
  }
}

void AgentRuntime::OnKeys(skex::KeysEstablished& event) {
  Peer& peer = peers_.at(event.peer);
  const size_t count = event.keys.size();
  const std::vector<std::string> hubs = NamesOf(event.keys[0].terms->hubs);
  // There may be hundreds of batches for delivery in a second.
  const bool delivery = peer.entry.freshness == skex::Freshness::kDelivery;
  log_->Write(delivery ? LogLevel::kDebug : LogLevel::kInfo, "keys_established",
              {{"peer", event.peer.text()},
               {"count", count},
               {"role", event.initiator ? "dial" : "accept"},
               {"hubs", absl::StrJoin(hubs, ",")},
               {"threshold", static_cast<int>(event.keys[0].terms->threshold)},
               {"label", skex::KeyLabelName(event.keys[0].terms->label)},
               {"first_key", event.keys[0].id.Hex()},
               {"took", event.took}});
  std::vector<skex::KeyId> ids;
  ids.reserve(count);
  for (const skex::Key& key : event.keys) ids.push_back(key.id);
  absl::Status status = psks_.Put(std::move(event.keys), event.initiator);
  if (!status.ok()) log_->Warning("key_refused", {{"reason", status}});
  if (!event.initiator) return;
  ++peer.exchanges_ok;
  peer.failure_logged = false;
  if (surroundings_.metrics != nullptr) {
    surroundings_.metrics->ExchangeFinished(event.peer.text(), absl::OkStatus(),
                                            event.took);
  }
  size_t served = 0;
  for (auto it = waiters_.begin(); it != waiters_.end() && served < count;) {
    if ((*it)->peer != event.peer) {
      ++it;
      continue;
    }
    const skex::KeyId& id = ids[served++];
    for (const skex::KeyListing& listing : psks_.List()) {
      if (listing.id != id) continue;
      Finish(**it, EstablishedView{ViewOf(listing), event.took});
    }
    it = waiters_.erase(it);
  }
  UpdateDemand();
}

void AgentRuntime::OnFailure(const skex::ExchangeFailed& event) {
  Peer& peer = peers_.at(event.peer);
  ++peer.exchanges_failed;
  if (surroundings_.metrics != nullptr) {
    surroundings_.metrics->ExchangeFinished(event.peer.text(), event.reason,
                                            absl::ZeroDuration());
  }
  // Once for each trouble; after that only for those who look closely.
  log_->Write(
      peer.failure_logged ? LogLevel::kDebug : LogLevel::kWarning,
      "exchange_failed",
      {{"peer", event.peer.text()}, {"reason", event.reason.message()}});
  peer.failure_logged = true;
}

void AgentRuntime::SendFrames() {
  for (auto& [name, frame] : node_.TakeFrames()) {
    Hub& hub = hubs_.at(name);
    if (hub.streaming) hub.connection->Send(std::move(frame));
  }
}

void AgentRuntime::ConnectHubs(absl::Duration now) {
  if (stopping_) return;
  for (auto& [name, entry] : hubs_) {
    Hub& hub = entry;
    if (hub.streaming || now < hub.connect_at) continue;
    hub.streaming = true;
    hub.connected_at = now;
    hub.connection->Connect(
        [this, &hub](std::vector<std::string> frames) {
          loop_.RunOrPost([this, &hub, frames = std::move(frames)] {
            for (const std::string& frame : frames) OnHubFrame(hub, frame);
            hub.connection->Dealt();
          });
        },
        [this, &hub](absl::Status status) {
          loop_.Post([this, &hub, status = std::move(status)] {
            OnHubEnd(hub, status);
          });
        });
  }
}

void AgentRuntime::OnHubFrame(Hub& hub, const std::string& frame) {
  absl::Status status = node_.OnFrame(hub.name, skex::AsBytes(frame), Now());
  if (status.ok()) return;
  if (surroundings_.metrics != nullptr) {
    surroundings_.metrics->MessageRejected(status.code());
  }
  log_->Debug("message_rejected",
              {{"hub", hub.name.text()}, {"reason", status.message()}});
  if (!node_.link(hub.name).connected()) {
    hub.last_error = std::string(status.message());
  }
}

void AgentRuntime::OnHubEnd(Hub& hub, const absl::Status& status) {
  node_.OnStreamDown(hub.name);
  hub.streaming = false;
  hub.connect_at = MonotonicNow() + kReconnectDelay;
  hub.last_error = status.code() == absl::StatusCode::kUnauthenticated
                       ? "the hub does not accept this agent: not enrolled "
                         "there, or with another pad"
                       : std::string(status.message());
}

void AgentRuntime::WatchHubs() {
  for (auto& [name, hub] : hubs_) {
    const bool connected = node_.link(name).ready();
    if (connected == hub.connected) continue;
    hub.connected = connected;
    if (connected) {
      hub.last_error.clear();
      log_->Info("hub_connected", {{"hub", name.text()}});
    } else if (!stopping_) {
      log_->Warning("hub_disconnected",
                    {{"hub", name.text()},
                     {"reason", hub.streaming ? node_.link(name).detail()
                                              : hub.last_error}});
    }
  }
}

void AgentRuntime::OnDemand() {
  demand_posted_ = false;
  const absl::Duration now = MonotonicNow();
  for (auto& [name, peer] : peers_) {
    // A connection wants a key and there is none: no time for a back-off.
    if (psks_.DialKeys(name) > 0 || now < peer.hurry_at) continue;
    peer.hurry_at = now + kHurryInterval;
    node_.HurryUp(name);
  }
  UpdateDemand();
}

void AgentRuntime::UpdateDemand() {
  if (stopping_) return;
  for (const auto& [name, peer] : peers_) {
    size_t wanted = psks_.Deficit(name);
    for (const auto& waiter : waiters_) wanted += waiter->peer == name;
    node_.SetWanted(name, wanted, Now()).IgnoreError();
  }
}

void AgentRuntime::ServeWaiters() {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (absl::Now() < (*it)->deadline) {
      ++it;
      continue;
    }
    absl::Status reason = node_.LastFailure((*it)->peer);
    if (reason.ok()) {
      reason = absl::DeadlineExceededError(
          absl::StrCat("no key with ", (*it)->peer.text(), " in time"));
    }
    Finish(**it, std::move(reason));
    it = waiters_.erase(it);
  }
}

void AgentRuntime::Finish(Waiter& waiter,
                          absl::StatusOr<EstablishedView> result) {
  MutexLock lock(&waiter.mutex);
  waiter.result = std::move(result);
  waiter.done = true;
  waiter.changed.SignalAll();
}

void AgentRuntime::Housekeep(absl::Duration now) {
  housekeep_at_ = now + kHousekeepInterval;
  psks_.Expire();
  UpdateDemand();
  std::vector<skex::Pad*> all;
  for (auto& [name, entry] : hubs_) {
    const std::vector<skex::Pad*> pads = entry.pads.pads();
    all.insert(all.end(), pads.begin(), pads.end());
    pad_watch_.Look(now, name.text(), pads);
    if (entry.streaming && !node_.link(name).connected() &&
        now - entry.connected_at >= kWelcomePatience) {
      // Something on the way was lost or changed. It is tried anew.
      entry.connected_at = now;
      entry.connection->Disconnect();
    }
  }
  erasure_.Run(now, all, audit_.get());
}

std::string AgentRuntime::WhyNotReady() {
  std::vector<std::string> missing;
  for (const auto& [name, peer] : peers_) {
    if (peer.dials && psks_.DialKeys(name) == 0) {
      missing.push_back(name.text());
    }
  }
  if (missing.empty()) return "";
  return absl::StrCat("no key for ", absl::StrJoin(missing, ", "));
}

void AgentRuntime::UpdateReadiness() {
  const bool ready = WhyNotReady().empty();
  if (ready == ready_) return;
  ready_ = ready;
  if (ready) {
    log_->Info("ready");
  } else if (!stopping_) {
    log_->Warning("not_ready", {{"reason", WhyNotReady()}});
  }
  if (surroundings_.on_ready) surroundings_.on_ready(ready);
}

AgentView AgentRuntime::Status() {
  AgentView view;
  if (!loop_.Call([this, &view] { view = StatusOnLoop(); })) {
    view.name = name_.text();
    view.detail = "the agent is stopping";
  }
  if (surroundings_.tunnels) view.tunnels = surroundings_.tunnels();
  return view;
}

AgentView AgentRuntime::StatusOnLoop() {
  AgentView view;
  view.name = name_.text();
  view.version = std::string(Version());
  view.boringssl = BoringSslVersion();
  view.uptime = MonotonicNow() - started_;
  view.detail = WhyNotReady();
  view.ready = view.detail.empty();
  for (const auto& [name, hub] : hubs_) {
    HubView& out = view.hubs.emplace_back();
    out.name = name.text();
    out.address = hub.address.ToString();
    out.connected = node_.link(name).ready();
    if (!out.connected) {
      out.detail = hub.streaming && hub.last_error.empty()
                       ? node_.link(name).detail()
                       : hub.last_error;
    }
    out.supply =
        hub.pads.View(node_.link(name), pad_watch_.OutlookOf(name.text()));
  }
  const std::vector<skex::KeyListing> keys = psks_.List();
  for (const auto& [name, peer] : peers_) {
    PeerView& out = view.peers.emplace_back();
    out.name = name.text();
    out.ready = psks_.DialKeys(name) > 0;
    const absl::Status failure = node_.LastFailure(name);
    out.detail = std::string(failure.message());
    out.threshold = peer.entry.threshold;
    out.hubs = NamesOf(peer.entry.hubs);
    out.freshness = std::string(skex::FreshnessName(peer.entry.freshness));
    for (const skex::KeyListing& key : keys) {
      if (key.peer != name) continue;
      out.keys_ready += key.state == skex::KeyState::kReady;
      out.keys_accept += !key.dial;
    }
    out.exchanges_ok = peer.exchanges_ok;
    out.exchanges_failed = peer.exchanges_failed;
    for (const skex::HubId& hub : peer.entry.hubs) {
      const std::string objection = node_.HubObjection(name, hub, Now());
      if (objection.empty()) continue;
      out.left_out.push_back(absl::StrCat(hub.text(), " ", objection));
    }
  }
  return view;
}

std::vector<KeyView> AgentRuntime::Keys() {
  std::vector<KeyView> views;
  for (const skex::KeyListing& key : psks_.List()) {
    views.push_back(ViewOf(key));
  }
  return views;
}

absl::StatusOr<EstablishedView> AgentRuntime::Establish(const std::string& peer,
                                                        absl::Time deadline) {
  absl::StatusOr<skex::AgentId> id = skex::AgentId::Parse(peer);
  if (!id.ok()) return id.status();
  if (!peers_.contains(*id)) {
    return absl::NotFoundError(absl::StrCat(
        peer, " is not a configured peer; `skexctl peers` lists them"));
  }
  auto waiter = std::make_shared<Waiter>(*id, deadline);
  const bool posted = loop_.RunOrPost([this, waiter] {
    if (stopping_) {
      Finish(*waiter, absl::UnavailableError("the agent is stopping"));
      return;
    }
    waiters_.push_back(waiter);
    node_.HurryUp(waiter->peer);
    UpdateDemand();
  });
  if (!posted) return absl::UnavailableError("the agent is stopping");
  MutexLock lock(&waiter->mutex);
  while (!waiter->done) waiter->changed.Wait(&waiter->mutex);
  return waiter->result;
}

absl::StatusOr<EstablishedView> AgentRuntime::Rotate(const std::string& peer,
                                                     absl::Time deadline) {
  absl::StatusOr<skex::AgentId> id = skex::AgentId::Parse(peer);
  if (!id.ok()) return id.status();
  const absl::Duration since = MonotonicNow();
  absl::StatusOr<skex::KeyId> key = psks_.Rotate(*id);
  if (key.status().code() == absl::StatusCode::kUnavailable) {
    absl::StatusOr<EstablishedView> established = Establish(peer, deadline);
    if (!established.ok()) return established.status();
    key = psks_.Rotate(*id);
  }
  if (!key.ok()) return key.status();
  log_->Info("key_rotated", {{"peer", peer}, {"key", key->Hex()}});
  for (const skex::KeyListing& listing : psks_.List()) {
    if (listing.id == *key) {
      return EstablishedView{ViewOf(listing), MonotonicNow() - since};
    }
  }
  return absl::UnavailableError("the new key was used up at once");
}

absl::Status AgentRuntime::AllowJump(const std::string&) {
  return absl::UnimplementedError("no lanes yet");
}

absl::StatusOr<AgentRuntime::PadChanges> AgentRuntime::PlanReload(
    const AgentConfig& config) {
  if (config.name != name_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the configuration is that of ", config.name.text(), " now, this is ",
        name_.text(), "; restart the agent to rename it"));
  }
  std::map<skex::HubId, std::vector<skex::PadIdentity>> open;
  const bool running = loop_.Call([this, &open] {
    for (const auto& [name, hub] : hubs_) open[name] = hub.pads.identities();
  });
  if (!running) return absl::UnavailableError("the agent is stopping");
  PadChanges changes;
  for (const HubEntry& entry : config.hubs) {
    const auto hub = open.find(entry.name);
    if (hub == open.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat(entry.name.text(),
                       " is new in the configuration; restart the agent to "
                       "add a hub"));
    }
    absl::StatusOr<PadChange> change =
        PlanPads(*files_, PadFilesOf(name_, entry), hub->second, audit_.get());
    if (!change.ok()) return change.status();
    changes.emplace(entry.name, *std::move(change));
  }
  return changes;
}

std::string AgentRuntime::TakeOver(PadChanges changes) {
  size_t added = 0;
  size_t gone = 0;
  size_t pads = 0;
  for (auto& [name, hub] : hubs_) {
    PadChange& change = changes[name];
    added += change.added.size();
    gone += change.gone.size();
    hub.pads.Apply(
        std::move(change),
        [this, &name = name](skex::Pad* pad) { node_.AddPad(name, pad); },
        [this, &name = name](const skex::TableId& table) {
          node_.RemovePad(name, table);
        });
    pads += hub.pads.pads().size();
  }
  return absl::StrCat(pads, " pads: ", added, " new, ", gone, " let go");
}

absl::StatusOr<std::string> AgentRuntime::Reload() {
  MutexLock lock(&reloading_);
  if (!surroundings_.read_config) {
    return absl::UnimplementedError("this agent has no configuration file");
  }
  absl::StatusOr<AgentConfig> config = surroundings_.read_config();
  if (!config.ok()) return config.status();
  absl::StatusOr<PadChanges> changes = PlanReload(*config);
  if (!changes.ok()) return changes.status();
  absl::StatusOr<std::string> outcome =
      absl::UnavailableError("the agent is stopping");
  loop_.Call(
      [this, &changes, &outcome] { outcome = TakeOver(*std::move(changes)); });
  if (outcome.ok()) log_->Info("reloaded", {{"result", *outcome}});
  return outcome;
}

}  // namespace service
