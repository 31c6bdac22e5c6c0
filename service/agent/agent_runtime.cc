#include "service/agent/agent_runtime.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "service/agent/runtime_errors.h"
#include "service/agent/views.h"
#include "service/base/instant_now.h"
#include "service/base/monotonic_time.h"
#include "service/version.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::Duration kHousekeepInterval = absl::Milliseconds(500);
// How often a connection without a key may cut a back-off short.
constexpr absl::Duration kHurryInterval = absl::Seconds(1);

}  // namespace

AgentRuntime::AgentRuntime(const AgentConfig& config, FileSystem* files,
                           Log* log)
    : name_(config.name),
      log_(log),
      boot_(skex::RandomId<skex::BootId>(entropy_)),
      hubs_(config.name, files, &node_, &loop_, log),
      lanes_(files, boot_, &entropy_, &node_, &loop_, log),
      node_({.self = config.name, .boot = boot_, .entropy = &entropy_}),
      psks_(&entropy_,
            [this] {
              // One task at a time is enough: it looks at all peers.
              if (!demand_posted_.exchange(true)) {
                loop_.Post([this] { OnDemand(); });
              }
            }),
      config_(config),
      managed_(files, config.daemon.file, config.daemon.state_dir) {}

absl::StatusOr<std::unique_ptr<AgentRuntime>> AgentRuntime::Create(
    const AgentConfig& config, FileSystem* files, Log* log) {
  auto runtime = absl::WrapUnique(new AgentRuntime(config, files, log));
  absl::Status status = runtime->hubs_.Open(config);
  if (!status.ok()) return status;
  for (const PeerEntry& entry : config.peers) {
    absl::StatusOr<PreparedPeer> peer = runtime->Prepare(config, entry);
    if (!peer.ok()) return peer.status();
    runtime->TakeIn(*std::move(peer));
  }
  return runtime;
}

AgentRuntime::~AgentRuntime() { Stop(); }

void AgentRuntime::Start(Surroundings surroundings) {
  surroundings_ = std::move(surroundings);
  started_ = MonotonicNow();
  hubs_.Start(surroundings_.metrics);
  lanes_.Start([this] { HandleEvents(); }, surroundings_.metrics);
  running_ = true;
  loop_.Start([this] { return AfterTasks(); });
}

void AgentRuntime::Stop() {
  if (stopped_.exchange(true)) return;
  if (!running_) {
    loop_.Stop();
    return;
  }
  psks_.Stop();
  loop_.Call([this] {
    stopping_ = true;
    for (auto& waiter : waiters_) {
      Finish(*waiter, Stopping());
    }
    waiters_.clear();
    hubs_.Disconnect();
  });
  lanes_.Stop();
  // The streams end on gRPC's threads, which still post to the loop.
  for (bool quiet = false; !quiet;) {
    loop_.Call([this, &quiet] { quiet = hubs_.quiet(); });
    if (!quiet) absl::SleepFor(absl::Milliseconds(5));
  }
  loop_.Stop();
  hubs_.EraseUsed();
}

absl::Duration AgentRuntime::AfterTasks() {
  const absl::Duration now = MonotonicNow();
  node_.OnTime(InstantNow());
  if (now >= housekeep_at_) Housekeep(now);
  hubs_.Connect(now);
  HandleEvents();
  hubs_.Watch();
  ServeWaiters();
  UpdateReadiness();
  hubs_.Send(node_.TakeFrames());
  lanes_.Send(node_.TakeLaneMessages());
  absl::Duration next = std::min(housekeep_at_, hubs_.NextTime());
  if (const auto due = node_.NextTime()) next = std::min(next, *due);
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
  } else {
    OnLaneEvent(event);
  }
}

void AgentRuntime::OnLaneEvent(const skex::AgentEvent& event) {
  const auto side = [](bool outgoing) { return outgoing ? "dial" : "accept"; };
  if (const auto* late = std::get_if<skex::KeyUnconfirmed>(&event)) {
    log_->Debug("key_lapsed", {{"key", late->key.Hex()}});
    psks_.Lapse(late->key);
  } else if (const auto* old = std::get_if<skex::LaneRolledBack>(&event)) {
    log_->Warning("lane_rollback", {{"peer", old->peer.text()},
                                    {"role", side(old->outgoing)},
                                    {"from", old->from},
                                    {"to", old->to}});
  } else if (const auto* jump = std::get_if<skex::LaneJumpRefused>(&event)) {
    log_->Warning(
        "lane_jump_refused",
        {{"peer", jump->peer.text()}, {"from", jump->from}, {"to", jump->to}});
  } else if (const auto* healed = std::get_if<skex::LaneHealed>(&event)) {
    log_->Info("lane_rerooted", {{"peer", healed->peer.text()},
                                 {"role", side(healed->outgoing)}});
  } else if (const auto* failed = std::get_if<skex::HubsFailed>(&event)) {
    log_->Warning("hubs_down", {{"peer", failed->peer.text()},
                                {"reason", failed->reason.message()}});
  } else if (const auto* back = std::get_if<skex::HubsBack>(&event)) {
    log_->Info("hubs_back", {{"peer", back->peer.text()}});
    psks_.ReplaceUnmediated(back->peer);
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
               {"source", skex::KeySourceName(event.keys[0].terms->source)},
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
  // Once for each trouble; after that only for those who look closely. That
  // the hubs are down was said as such.
  const skex::PairLanes* const lanes = node_.lanes(event.peer);
  const bool said =
      peer.failure_logged || (lanes != nullptr && lanes->hubs_failed());
  log_->Write(said ? LogLevel::kDebug : LogLevel::kWarning, "exchange_failed",
              {{"peer", event.peer.text()},
               {"reason", WithLinkError(event.peer, event.reason).message()}});
  peer.failure_logged = true;
}

absl::Status AgentRuntime::WithLinkError(const skex::AgentId& peer,
                                         absl::Status reason) const {
  const std::string& error = lanes_.LinkError(peer);
  if (reason.ok() || error.empty()) return reason;
  return absl::Status(reason.code(),
                      absl::StrCat(reason.message(), "; ", error));
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
    node_.SetWanted(name, wanted, InstantNow()).IgnoreError();
  }
}

void AgentRuntime::ServeWaiters() {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (absl::Now() < (*it)->deadline) {
      ++it;
      continue;
    }
    absl::Status reason =
        WithLinkError((*it)->peer, node_.LastFailure((*it)->peer));
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
  hubs_.Tend(now);
  lanes_.Tend();
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
  std::pair<std::string, size_t> now(WhyNotReady(), peers_.size());
  if (told_readiness_ == now) return;
  const std::string& why_not = now.first;
  const bool was_ready =
      told_readiness_.has_value() && told_readiness_->first.empty();
  if (why_not.empty() && !was_ready) {
    log_->Info("ready");
  } else if (!why_not.empty() && was_ready && !stopping_) {
    log_->Warning("not_ready", {{"reason", why_not}});
  }
  if (surroundings_.on_readiness) {
    surroundings_.on_readiness(why_not, now.second);
  }
  told_readiness_ = std::move(now);
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
  view.hubs = hubs_.View();
  const std::vector<skex::KeyListing> keys = psks_.List();
  for (const auto& [name, peer] : peers_) {
    PeerView& out = view.peers.emplace_back();
    out.name = name.text();
    out.ready = psks_.DialKeys(name) > 0;
    out.detail =
        std::string(WithLinkError(name, node_.LastFailure(name)).message());
    out.mode = std::string(skex::KeySourceName(peer.entry.mode));
    if (peer.entry.mode == skex::KeySource::kBoth) {
      out.hubs_down = peer.entry.unmediated_when_hubs_down ? "unmediated_only"
                                                           : "fail_closed";
    }
    if (node_.lanes(name) != nullptr) out.lanes = lanes_.ViewOf(name);
    out.threshold = peer.entry.threshold;
    out.hubs = NamesOf(peer.entry.hubs);
    out.freshness = std::string(skex::FreshnessName(peer.entry.freshness));
    const skex::KeyListing* newest = nullptr;
    for (const skex::KeyListing& key : keys) {
      if (key.peer != name) continue;
      if (newest == nullptr || key.age < newest->age) newest = &key;
      out.keys_ready += key.state == skex::KeyState::kReady;
      out.keys_accept += !key.dial;
      CountKey(key, out.keys);
    }
    if (newest != nullptr) out.newest_key = ViewOf(*newest);
    out.exchanges_ok = peer.exchanges_ok;
    out.exchanges_failed = peer.exchanges_failed;
    for (const skex::HubId& hub : peer.entry.hubs) {
      const std::string objection = node_.HubObjection(name, hub, InstantNow());
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
  auto waiter = std::make_shared<Waiter>(*id, deadline);
  const bool posted = loop_.RunOrPost([this, waiter] {
    if (stopping_) {
      Finish(*waiter, Stopping());
      return;
    }
    if (!peers_.contains(waiter->peer)) {
      Finish(*waiter, NoSuchPeer(waiter->peer));
      return;
    }
    waiters_.push_back(waiter);
    node_.HurryUp(waiter->peer);
    UpdateDemand();
  });
  if (!posted) return Stopping();
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

absl::Status AgentRuntime::AllowJump(const std::string& peer) {
  absl::StatusOr<skex::AgentId> id = skex::AgentId::Parse(peer);
  if (!id.ok()) return id.status();
  absl::Status status = Stopping();
  loop_.Call(
      [this, &id, &status] { status = node_.AllowJump(*id, InstantNow()); });
  if (status.ok()) log_->Info("lane_jump_allowed", {{"peer", peer}});
  return status;
}

}  // namespace service
