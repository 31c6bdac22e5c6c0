#include "service/agent/agent_lanes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/instant_now.h"
#include "service/pairing/pair_folder.h"
#include "skex/base/bytes.h"
#include "skex/node/pair_lanes.h"
#include "skex/ratchet/lane_policy.h"

namespace service {
namespace {

skex::LaneUse UseOf(const PeerEntry& entry) {
  if (entry.mode == skex::KeySource::kUnmediated) return skex::LaneUse::kAlone;
  return entry.unmediated_when_hubs_down ? skex::LaneUse::kMixedOrAlone
                                         : skex::LaneUse::kMixed;
}

// Of the lane on which `self` begins.
skex::LanePolicy PolicyOf(const PeerEntry& entry, const skex::AgentId& self) {
  return {.initiator = self,
          .responder = entry.name,
          .freshness = entry.freshness,
          .key_bytes = entry.key_bytes,
          .key_lifetime = entry.key_lifetime,
          .use_limit = entry.connections_per_key,
          .use = UseOf(entry)};
}

absl::StatusOr<std::unique_ptr<LaneFile>> OpenFile(FileSystem* files,
                                                   const std::string& path,
                                                   const skex::AgentId& peer) {
  absl::StatusOr<std::unique_ptr<LaneFile>> file = LaneFile::Open(files, path);
  if (!absl::IsNotFound(file.status())) return file;
  return absl::FailedPreconditionError(absl::StrCat(
      "peer ", peer.text(), ": its mode needs a pair, and there is no ", path,
      "; make one with `skexctl pair make` and import it at both agents with "
      "`skexctl pair import`"));
}

}  // namespace

AgentLanes::AgentLanes(FileSystem* files, const skex::BootId& boot,
                       skex::Entropy* entropy, skex::AgentNode* node,
                       EventLoop* loop, Log* log)
    : files_(files),
      boot_(boot),
      entropy_(entropy),
      node_(node),
      loop_(loop),
      log_(log),
      links_({.on_up =
                  [this](const skex::AgentId& peer) {
                    loop_->Post([this, peer] { OnUp(peer); });
                  },
              .on_message =
                  [this](const skex::AgentId& peer, std::string message) {
                    loop_->Post([this, peer, message = std::move(message)] {
                      OnAnswer(peer, message);
                    });
                  },
              .on_down =
                  [this](const skex::AgentId& peer, absl::Status reason) {
                    loop_->Post([this, peer, reason = std::move(reason)] {
                      OnDown(peer, reason);
                    });
                  }}) {}

absl::StatusOr<AgentLanes::OpenPair> AgentLanes::OpenPeer(
    const AgentConfig& config, const PeerEntry& entry) const {
  const skex::LanePolicy outgoing = PolicyOf(entry, config.name);
  if (absl::Status status = outgoing.Check(); !status.ok()) return status;
  const std::string folder = PairFolder(config.daemon.state_dir, entry.name);
  auto to_peer = OpenFile(files_, OutgoingLanePath(folder), entry.name);
  if (!to_peer.ok()) return to_peer.status();
  auto from_peer = OpenFile(files_, IncomingLanePath(folder), entry.name);
  if (!from_peer.ok()) return from_peer.status();
  auto lanes = skex::PairLanes::Open({.policy = outgoing,
                                      .boot = boot_,
                                      .entropy = entropy_,
                                      .outgoing = to_peer->get(),
                                      .incoming = from_peer->get(),
                                      .initiates = entry.address.has_value()});
  if (!lanes.ok()) return lanes.status();
  return OpenPair{*std::move(to_peer), *std::move(from_peer),
                  *std::move(lanes)};
}

void AgentLanes::AddPeer(const PeerEntry& entry, OpenPair pair) {
  node_->AddLanes(std::move(pair.lanes));
  Peer& peer = peers_[entry.name];
  peer.outgoing = std::move(pair.outgoing);
  peer.incoming = std::move(pair.incoming);
  has_lanes_ = true;
  if (!entry.address.has_value()) return;
  peer.address = entry.address->ToString();
  links_.AddPeer(entry.name, *entry.address);
  if (running_) StartLinks();
}

void AgentLanes::RemovePeer(const skex::AgentId& peer) {
  links_.RemovePeer(peer);
  peers_.erase(peer);
  has_lanes_ = !peers_.empty();
}

void AgentLanes::Start(std::function<void()> handle_events,
                       AgentMetrics* metrics) {
  handle_events_ = std::move(handle_events);
  metrics_ = metrics;
  running_ = true;
  if (has_lanes_) StartLinks();
}

void AgentLanes::StartLinks() {
  // Most agents never need that thread.
  if (!std::exchange(links_run_, true)) links_.Start();
}

void AgentLanes::Stop() { links_.Stop(); }

void AgentLanes::Send(
    std::vector<std::pair<skex::AgentId, std::string>> messages) {
  for (auto& [peer, message] : messages) {
    links_.Send(peer, std::move(message));
  }
}

void AgentLanes::Tend() {
  for (const auto& [name, peer] : peers_) {
    if (peer.up || peer.address.empty()) continue;
    if (node_->lanes(name)->initiator().outstanding() > 0) links_.Open(name);
  }
}

const std::string& AgentLanes::LinkError(const skex::AgentId& peer) const {
  static const std::string none;
  const auto found = peers_.find(peer);
  return found == peers_.end() ? none : found->second.error;
}

LanesView AgentLanes::ViewOf(const skex::AgentId& name) const {
  const Peer& peer = peers_.at(name);
  const skex::PairLanes& lanes = *node_->lanes(name);
  return {.address = peer.address,
          .connected = peer.up,
          .detail = peer.error,
          .leaves_left = lanes.initiator().remaining(),
          .rollbacks_detected = lanes.initiator().rollbacks_detected() +
                                lanes.responder().rollbacks_detected(),
          .skipped_leaves = lanes.responder().skipped_leaves(),
          .reroots = lanes.reroots(),
          .jump_waits = lanes.jump_waits(),
          .hubs_down = lanes.hubs_failed()};
}

void AgentLanes::OnLaneMessage(std::string message,
                               absl::AnyInvocable<void(LaneReply)> done) {
  // Never on the caller's thread, which has connections to serve: a durable
  // write may come before the answer.
  loop_->Post(
      [this, message = std::move(message), done = std::move(done)]() mutable {
        skex::AgentNode::LaneReply reply =
            node_->OnLaneRequest(skex::AsBytes(message), InstantNow());
        // Its keys have to be in the keystore before the peer hears of them.
        handle_events_();
        CountRejected(reply.status);
        LaneReply answer = {.status = std::move(reply.status),
                            .messages = std::move(reply.messages)};
        if (reply.peer.has_value()) answer.peer = reply.peer->text();
        done(std::move(answer));
      });
}

AgentLanes::Peer* AgentLanes::Find(const skex::AgentId& peer) {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : &found->second;
}

void AgentLanes::OnUp(const skex::AgentId& name) {
  Peer* const peer = Find(name);
  if (peer == nullptr) return;
  peer->up = true;
  // Where nothing was wrong the link is up because there is something to send.
  if (peer->error.empty()) return;
  peer->error.clear();
  node_->OnLaneUp(name, InstantNow());
}

void AgentLanes::OnAnswer(const skex::AgentId& peer,
                          const std::string& message) {
  if (Find(peer) == nullptr) return;
  const absl::Status status =
      node_->OnLaneAnswer(peer, skex::AsBytes(message), InstantNow());
  // An M1 that was sent twice is answered twice.
  if (!absl::IsFailedPrecondition(status)) CountRejected(status);
}

void AgentLanes::OnDown(const skex::AgentId& name, const absl::Status& reason) {
  Peer* const peer = Find(name);
  if (peer == nullptr) return;
  peer->up = false;
  // Where nothing is under way nobody misses it.
  const bool wanted = node_->lanes(name)->initiator().outstanding() > 0;
  peer->error = wanted ? std::string(reason.message()) : "";
}

void AgentLanes::CountRejected(const absl::Status& status) {
  if (status.ok()) return;
  log_->Debug("lane_message_rejected", {{"reason", status.message()}});
  if (metrics_ != nullptr) metrics_->MessageRejected(status.code());
}

}  // namespace service
