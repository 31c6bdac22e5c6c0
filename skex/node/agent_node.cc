#include "skex/node/agent_node.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "skex/dske/messages.h"
#include "skex/ratchet/messages.h"

namespace skex {

AgentNode::AgentNode(const Options& options)
    : options_(options),
      responder_({options.self, options.boot, options.entropy}),
      health_(options.self) {}

void AgentNode::AddHub(const HubId& hub, Pad* pad) {
  links_.emplace(hub,
                 std::make_unique<Link>(pad, options_.boot, options_.entropy));
}

void AgentNode::AddPad(const HubId& hub, Pad* pad) {
  links_.at(hub)->AddPad(pad);
}

void AgentNode::RemovePad(const HubId& hub, const TableId& table) {
  links_.at(hub)->RemovePad(table);
}

void AgentNode::AddPeer(const PeerPolicy& policy) {
  peers_.try_emplace(policy.peer, Peer{.policy = policy});
  responder_.AddPeer(policy);
}

void AgentNode::AddLanes(std::unique_ptr<PairLanes> lanes) {
  const AgentId peer = lanes->peer();
  peers_.try_emplace(peer, Peer{.policy = {.peer = peer}}).first->second.lanes =
      std::move(lanes);
}

void AgentNode::RemovePeer(const AgentId& peer) {
  responder_.RemovePeer(peer);
  peers_.erase(peer);
}

void AgentNode::OnStreamDown(const HubId& hub) { links_.at(hub)->Reset(); }

absl::Status AgentNode::OnFrame(const HubId& hub,
                                absl::Span<const uint8_t> bytes,
                                const Instant& now) {
  Link& link = *links_.at(hub);
  absl::StatusOr<Frame> frame = ParseFrame(bytes);
  if (!frame.ok()) return frame.status();
  if (frame->header.type == FrameType::kChallenge) {
    return link.AnswerChallenge(bytes);
  }
  const bool was_ready = link.ready();
  absl::StatusOr<std::optional<OpenedFrame>> opened = link.Open(bytes);
  if (!opened.ok()) return opened.status();
  absl::Status status;
  if (opened->has_value()) status = OnExchangeFrame(hub, **opened, now);
  if (!was_ready && link.ready()) {
    for (const auto& [id, peer] : peers_) HurryUp(id);
  }
  for (auto& [id, peer] : peers_) Advance(peer, now);
  return status;
}

absl::Status AgentNode::OnExchangeFrame(const HubId& hub,
                                        const OpenedFrame& frame,
                                        const Instant& now) {
  switch (frame.type) {
    case FrameType::kRelay:
      return OnRelay(hub, frame, now);
    case FrameType::kConfirm:
      return OnConfirm(hub, frame, now);
    case FrameType::kNotice:
      return OnNotice(hub, frame, now);
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          hub.text(), " sent a ", FrameTypeName(frame.type), " frame"));
  }
}

absl::Status AgentNode::OnRelay(const HubId& hub, const OpenedFrame& frame,
                                const Instant& now) {
  // The source of all hubs' pads: which of them take part is in the offer,
  // which is not checked yet.
  absl::StatusOr<RelayOutcome> outcome =
      responder_.OnShare(hub, frame.body, frame.otp, WorstSource(), now);
  if (!outcome.ok()) {
    events_.push_back(OfferRefused{hub, outcome.status()});
    return outcome.status();
  }
  if (!outcome->receipt.has_value()) return absl::OkStatus();
  const AgentId initiator = outcome->receipt->initiator;
  if (!outcome->keys.empty()) {
    HurryUp(initiator);  // it is there
    OnKeys(initiator, false, std::move(outcome->keys), {}, now);
  }
  for (const HubId& liar : outcome->inconsistent) {
    health_.OnInconsistentShare(initiator, options_.self, liar, now.mono);
    events_.push_back(ShareInconsistent{initiator, liar});
  }
  const std::string receipt = outcome->receipt->Encode();
  for (const HubId& target : outcome->hubs) {
    const auto link = links_.find(target);
    if (link == links_.end() || !link->second->connected()) continue;
    if (outcome->receipt_for_all || target == hub) {
      // A hub without pad for it learns of the end by its own clock.
      link->second->Seal(FrameType::kReceipt, {receipt}).IgnoreError();
    }
  }
  return absl::OkStatus();
}

absl::Status AgentNode::OnConfirm(const HubId& hub, const OpenedFrame& frame,
                                  const Instant& now) {
  absl::StatusOr<ConfirmMessage> message = ConfirmMessage::Parse(frame.body);
  if (!message.ok()) return message.status();
  const std::optional<UnderWay> found = Find(message->exchange);
  // The other hubs' copies of a confirmation come after the first has done it.
  if (!found.has_value()) return absl::OkStatus();
  absl::StatusOr<ConfirmedKeys> confirmed =
      found->exchange().OnConfirm(hub, *message);
  if (!confirmed.ok()) return confirmed.status();
  Peer& peer = *found->peer;
  for (const HubId& liar : confirmed->inconsistent) {
    health_.OnInconsistentShare(options_.self, peer.policy.peer, liar,
                                now.mono);
    events_.push_back(ShareInconsistent{options_.self, liar});
  }
  const absl::Duration took = now.mono - found->exchange().started();
  End(*found);
  peer.wanted -= std::min(peer.wanted, confirmed->keys.size());
  peer.backoff.Succeed();
  peer.most_keys = std::min<size_t>(peer.most_keys * kMostGrowth, kMostKeys);
  peer.last_failure = absl::OkStatus();
  OnKeys(peer.policy.peer, true, std::move(confirmed->keys), took, now);
  return absl::OkStatus();
}

void AgentNode::OnKeys(const AgentId& peer, bool initiator,
                       std::vector<Key> keys, absl::Duration took,
                       const Instant& now) {
  PairLanes* const lanes = peers_.at(peer).lanes.get();
  if (lanes == nullptr) {
    events_.push_back(KeysEstablished{peer, initiator, std::move(keys), took});
    return;
  }
  for (Key& key : keys) lanes->AddDskeKey(std::move(key), initiator, now);
  if (initiator) lanes->OnHubs(absl::OkStatus(), now);
}

PairLanes* AgentNode::LanesOf(const LaneId& lane) {
  for (auto& [id, peer] : peers_) {
    if (peer.lanes != nullptr && peer.lanes->Answers(lane)) {
      return peer.lanes.get();
    }
  }
  return nullptr;
}

const PairLanes* AgentNode::lanes(const AgentId& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : found->second.lanes.get();
}

AgentNode::LaneReply AgentNode::OnLaneRequest(absl::Span<const uint8_t> bytes,
                                              const Instant& now) {
  const absl::StatusOr<LaneId> lane = LaneOf(bytes);
  if (!lane.ok()) return {lane.status()};
  PairLanes* const lanes = LanesOf(*lane);
  if (lanes == nullptr) {
    return {absl::NotFoundError("a message for no lane of this agent")};
  }
  LaneReply reply = {.status = lanes->OnRequest(bytes, now),
                     .peer = lanes->peer()};
  reply.messages = lanes->TakeAnswers();
  if (reply.status.ok()) HurryUp(lanes->peer());  // it is there
  return reply;
}

absl::Status AgentNode::OnLaneAnswer(const AgentId& peer,
                                     absl::Span<const uint8_t> bytes,
                                     const Instant& now) {
  Peer& from = peers_.at(peer);
  absl::Status status = from.lanes->OnAnswer(bytes, now);
  Advance(from, now);
  return status;
}

void AgentNode::OnLaneUp(const AgentId& peer, const Instant& now) {
  Peer& reached = peers_.at(peer);
  reached.lanes->HurryUp();
  reached.lanes->OnConnected(now);
  Advance(reached, now);
}

absl::Status AgentNode::AllowJump(const AgentId& peer, const Instant& now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.lanes == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there are no lanes with ", peer.text()));
  }
  absl::Status status = found->second.lanes->AllowJump();
  Advance(found->second, now);
  return status;
}

absl::Status AgentNode::OnNotice(const HubId& hub, const OpenedFrame& frame,
                                 const Instant& now) {
  absl::StatusOr<Notice> notice = Notice::Parse(frame.body);
  if (!notice.ok()) return notice.status();
  const std::optional<UnderWay> found = Find(notice->exchange);
  if (!found.has_value()) return absl::OkStatus();
  health_.OnNotice(found->peer->policy.peer, hub, notice->code, now.mono);
  absl::Status failure = found->exchange().OnNotice(hub, *notice);
  if (failure.ok()) return absl::OkStatus();
  End(*found);
  Fail(*found->peer, std::move(failure), now);
  return absl::OkStatus();
}

std::optional<AgentNode::UnderWay> AgentNode::Find(const ExchangeId& exchange) {
  for (auto& [id, peer] : peers_) {
    for (size_t at = 0; at < peer.exchanges.size(); ++at) {
      if (peer.exchanges[at]->offer().exchange == exchange) {
        return UnderWay{&peer, at};
      }
    }
  }
  return std::nullopt;
}

void AgentNode::End(const UnderWay& exchange) {
  Peer& peer = *exchange.peer;
  peer.coming -= exchange.exchange().offer().key_count();
  peer.exchanges.erase(peer.exchanges.begin() +
                       static_cast<std::ptrdiff_t>(exchange.at));
}

PadSource AgentNode::WorstSource() const {
  PadSource worst = PadSource::kPhysical;
  for (const auto& [hub, link] : links_) {
    worst = WorsePadSource(worst, link->WorstSource());
  }
  return worst;
}

void AgentNode::OnTime(const Instant& now) {
  if (!started_.has_value()) started_ = now.mono;
  responder_.OnTime(now);
  for (auto& [id, link] : links_) link->OnTime(now.mono);
  for (auto& [id, peer] : peers_) {
    for (size_t at = 0; at < peer.exchanges.size();) {
      absl::Status late = peer.exchanges[at]->OnTime(now);
      if (late.ok()) {
        ++at;
        continue;
      }
      End({&peer, at});
      Fail(peer, std::move(late), now);
    }
    Advance(peer, now);
  }
}

absl::Status AgentNode::SetWanted(const AgentId& peer, size_t keys,
                                  const Instant& now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) {
    return absl::NotFoundError(
        absl::StrCat(peer.text(), " is not a configured peer"));
  }
  Peer& wanted = found->second;
  if (wanted.lanes != nullptr) {
    wanted.lanes->SetWanted(keys);
  } else {
    wanted.wanted = keys;
  }
  Advance(wanted, now);
  return absl::OkStatus();
}

void AgentNode::HurryUp(const AgentId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.backoff.HurryUp();
  if (found->second.lanes != nullptr) found->second.lanes->HurryUp();
}

bool AgentNode::HubsAreComing(const Peer& peer, const Instant& now) const {
  if (!started_.has_value() || now.mono - *started_ >= kStartPatience) {
    return false;
  }
  return std::any_of(
      peer.policy.hubs.begin(), peer.policy.hubs.end(),
      [this](const HubId& hub) { return !links_.at(hub)->ready(); });
}

std::vector<HubLink> AgentNode::ChooseHubs(const Peer& peer,
                                           const Instant& now) const {
  std::vector<HubLink> all;
  std::vector<HubLink> healthy;
  size_t ready = 0;
  for (const HubId& hub : peer.policy.hubs) {
    const HubLink link = {hub, links_.at(hub).get()};
    all.push_back(link);
    if (!health_.Objection(peer.policy.peer, hub, now.mono).empty()) continue;
    healthy.push_back(link);
    ready += link.link->ready();
  }
  return ready >= peer.policy.min_hubs ? healthy : all;
}

bool AgentNode::GrantsAreComing(const std::vector<HubLink>& hubs,
                                uint64_t share_size) {
  bool coming = false;
  for (const HubLink& hub : hubs) {
    if (!hub.link->connected() || hub.link->Holds(share_size)) continue;
    coming = hub.link->WantOtp(share_size) || coming;
  }
  return coming;
}

bool AgentNode::WaitsForGrants(Peer& peer, const std::vector<HubLink>& hubs,
                               uint64_t share_size, const Instant& now) {
  if (GrantsAreComing(hubs, share_size)) {
    if (!peer.waiting_since.has_value()) peer.waiting_since = now.mono;
    const auto able = std::count_if(
        hubs.begin(), hubs.end(), [share_size](const HubLink& hub) {
          return hub.link->ready() && hub.link->Holds(share_size);
        });
    peer.waits_until =
        *peer.waiting_since +
        (able < peer.policy.min_hubs ? kScarceGrantPatience : kGrantPatience);
    if (now.mono < peer.waits_until) return true;
  }
  peer.waiting_since.reset();
  return false;
}

void AgentNode::Advance(Peer& peer, const Instant& now) {
  if (peer.lanes != nullptr) {
    peer.lanes->OnTime(now);
    peer.wanted = peer.lanes->WantedFromHubs();
  }
  while (BeginExchange(peer, now)) {
  }
}

size_t AgentNode::Window(const Peer& peer) {
  // After a failure one exchange shows whether the peer is there.
  return peer.most_keys < kMostKeys ? 1 : kMostUnderWay;
}

bool AgentNode::WantsExchange(const Peer& peer) {
  return peer.wanted > peer.coming && peer.exchanges.size() < Window(peer);
}

bool AgentNode::BeginExchange(Peer& peer, const Instant& now) {
  if (!WantsExchange(peer) || now.mono < peer.backoff.not_before() ||
      HubsAreComing(peer, now)) {
    return false;
  }
  const size_t most =
      std::min<size_t>(peer.most_keys, MostKeysOf(peer.policy.key_bytes));
  const ShareLayout layout = {
      static_cast<uint16_t>(std::min(peer.wanted - peer.coming, most)),
      peer.policy.key_bytes};
  const std::vector<HubLink> hubs = ChooseHubs(peer, now);
  if (WaitsForGrants(peer, hubs, layout.total_size(), now)) return false;
  absl::StatusOr<std::unique_ptr<InitiatorExchange>> exchange =
      InitiatorExchange::Start({options_.self, options_.boot, options_.entropy,
                                layout.key_count, &sharings_},
                               peer.policy, hubs, now);
  if (!exchange.ok()) {
    Fail(peer, exchange.status(), now);
    return false;
  }
  peer.exchanges.push_back(*std::move(exchange));
  peer.coming += layout.key_count;
  // For the one after it, whether or not it can begin now.
  if (peer.wanted > peer.coming) GrantsAreComing(hubs, layout.total_size());
  return true;
}

void AgentNode::Fail(Peer& peer, absl::Status reason, const Instant& now) {
  peer.last_failure = reason;
  peer.most_keys = 1;
  // What began with some hubs left out may come with all of them.
  health_.OnFailure(peer.policy.peer, now.mono);
  peer.backoff.Fail(now.mono);
  if (peer.lanes != nullptr) peer.lanes->OnHubs(reason, now);
  events_.push_back(ExchangeFailed{peer.policy.peer, std::move(reason)});
}

std::optional<absl::Duration> AgentNode::NextTime() const {
  std::optional<absl::Duration> next;
  const auto consider = [&next](absl::Duration time) {
    if (!next.has_value() || time < *next) next = time;
  };
  for (const auto& [id, peer] : peers_) {
    for (const auto& exchange : peer.exchanges) consider(exchange->deadline());
    if (peer.lanes != nullptr) {
      if (const auto due = peer.lanes->NextTime()) consider(*due);
    }
    if (!WantsExchange(peer)) continue;
    absl::Duration begin = peer.waiting_since.has_value()
                               ? peer.waits_until
                               : peer.backoff.not_before();
    if (started_.has_value()) {
      begin = std::max(begin, *started_ + kStartPatience);
    }
    consider(begin);
  }
  return next;
}

absl::Status AgentNode::LastFailure(const AgentId& peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) {
    return absl::NotFoundError("not a configured peer");
  }
  const Peer& of = found->second;
  if (of.lanes != nullptr && !of.lanes->last_failure().ok()) {
    return of.lanes->last_failure();
  }
  return of.last_failure;
}

std::vector<AgentEvent> AgentNode::TakeEvents() {
  for (auto& [id, peer] : peers_) {
    if (peer.lanes == nullptr) continue;
    for (AgentEvent& event : peer.lanes->TakeEvents()) {
      events_.push_back(std::move(event));
    }
  }
  return std::exchange(events_, {});
}

std::vector<std::pair<AgentId, std::string>> AgentNode::TakeLaneMessages() {
  std::vector<std::pair<AgentId, std::string>> messages;
  for (auto& [id, peer] : peers_) {
    if (peer.lanes == nullptr) continue;
    for (std::string& message : peer.lanes->TakeMessages()) {
      messages.emplace_back(id, std::move(message));
    }
  }
  return messages;
}

std::vector<std::pair<HubId, std::string>> AgentNode::TakeFrames() {
  std::vector<std::pair<HubId, std::string>> frames;
  for (auto& [hub, link] : links_) {
    for (std::string& frame : link->TakeOutbox()) {
      frames.emplace_back(hub, std::move(frame));
    }
  }
  return frames;
}

}  // namespace skex
