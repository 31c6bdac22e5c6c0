#include "skex/node/agent_node.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "skex/dske/messages.h"

namespace skex {

AgentNode::AgentNode(const Options& options)
    : options_(options),
      responder_({options.self, options.boot, options.entropy}) {}

void AgentNode::AddHub(const HubId& hub, Pad* pad) {
  links_.emplace(hub,
                 std::make_unique<Link>(pad, options_.boot, options_.entropy));
}

void AgentNode::AddPeer(const PeerPolicy& policy) {
  peers_.try_emplace(policy.peer, Peer{.policy = policy});
  responder_.AddPeer(policy);
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
    events_.push_back(
        KeysEstablished{initiator, false, std::move(outcome->keys), {}});
  }
  for (const HubId& liar : outcome->inconsistent) {
    events_.push_back(ShareInconsistent{initiator, liar});
  }
  const std::string receipt = outcome->receipt->Encode();
  for (const HubId& target : outcome->hubs) {
    const auto link = links_.find(target);
    if (link == links_.end() || !link->second->connected()) continue;
    if (outcome->receipt_for_all || target == hub) {
      // A hub without pad for it learns of the end by its own clock.
      link->second->Seal(FrameType::kReceipt, {receipt}, {}).IgnoreError();
    }
  }
  return absl::OkStatus();
}

absl::Status AgentNode::OnConfirm(const HubId& hub, const OpenedFrame& frame,
                                  const Instant& now) {
  absl::StatusOr<ConfirmMessage> message = ConfirmMessage::Parse(frame.body);
  if (!message.ok()) return message.status();
  Peer* peer = PeerOf(message->exchange);
  // The other hubs' copies of a confirmation come after the first has done it.
  if (peer == nullptr) return absl::OkStatus();
  absl::StatusOr<ConfirmedKeys> confirmed =
      peer->exchange->OnConfirm(hub, *message);
  if (!confirmed.ok()) return confirmed.status();
  for (const HubId& liar : confirmed->inconsistent) {
    events_.push_back(ShareInconsistent{options_.self, liar});
  }
  const absl::Duration took = now.mono - peer->exchange->started();
  peer->wanted -= std::min<size_t>(peer->wanted, confirmed->keys.size());
  peer->exchange.reset();
  peer->backoff = kLeastBackoff;
  peer->last_failure = absl::OkStatus();
  events_.push_back(KeysEstablished{peer->policy.peer, true,
                                    std::move(confirmed->keys), took});
  return absl::OkStatus();
}

absl::Status AgentNode::OnNotice(const HubId& hub, const OpenedFrame& frame,
                                 const Instant& now) {
  absl::StatusOr<Notice> notice = Notice::Parse(frame.body);
  if (!notice.ok()) return notice.status();
  Peer* peer = PeerOf(notice->exchange);
  if (peer == nullptr) return absl::OkStatus();
  absl::Status failure = peer->exchange->OnNotice(hub, *notice);
  if (!failure.ok()) Fail(*peer, std::move(failure), now);
  return absl::OkStatus();
}

AgentNode::Peer* AgentNode::PeerOf(const ExchangeId& exchange) {
  for (auto& [id, peer] : peers_) {
    if (peer.exchange != nullptr &&
        peer.exchange->offer().exchange == exchange) {
      return &peer;
    }
  }
  return nullptr;
}

PadSource AgentNode::WorstSource() const {
  for (const auto& [hub, link] : links_) {
    if (link->pad().identity().source != PadSource::kPhysical) {
      return PadSource::kGenerator;
    }
  }
  return PadSource::kPhysical;
}

void AgentNode::OnTime(const Instant& now) {
  if (!started_.has_value()) started_ = now.mono;
  responder_.OnTime(now);
  for (auto& [id, link] : links_) link->OnTime(now.mono);
  for (auto& [id, peer] : peers_) {
    if (peer.exchange != nullptr) {
      absl::Status late = peer.exchange->OnTime(now);
      if (!late.ok()) Fail(peer, std::move(late), now);
    }
    Advance(peer, now);
  }
}

absl::Status AgentNode::SetWanted(const AgentId& peer, uint16_t keys,
                                  const Instant& now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) {
    return absl::NotFoundError(
        absl::StrCat(peer.text(), " is not a configured peer"));
  }
  found->second.wanted = keys;
  Advance(found->second, now);
  return absl::OkStatus();
}

void AgentNode::HurryUp(const AgentId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.not_before = absl::ZeroDuration();
  found->second.backoff = kLeastBackoff;
}

bool AgentNode::HubsAreComing(const Peer& peer, const Instant& now) const {
  if (!started_.has_value() || now.mono - *started_ >= kStartPatience) {
    return false;
  }
  return std::any_of(
      peer.policy.hubs.begin(), peer.policy.hubs.end(),
      [this](const HubId& hub) { return !links_.at(hub)->ready(); });
}

bool AgentNode::GrantsAreComing(const Peer& peer, uint64_t share_size) {
  bool coming = false;
  for (const HubId& hub : peer.policy.hubs) {
    Link& link = *links_.at(hub);
    if (!link.connected() || link.pad().Granted(Stream::kOtp) >= share_size) {
      continue;
    }
    link.WantOtp(share_size);
    coming = coming || link.request_pending();
  }
  return coming;
}

void AgentNode::Advance(Peer& peer, const Instant& now) {
  if (peer.wanted == 0 || peer.exchange != nullptr ||
      now.mono < peer.not_before || HubsAreComing(peer, now)) {
    return;
  }
  const uint16_t count = peer.backoff > kLeastBackoff
                             ? uint16_t{1}
                             : std::min(peer.wanted, kMostKeys);
  const ShareLayout layout = {count, peer.policy.key_bytes};
  if (GrantsAreComing(peer, layout.total_size())) {
    if (!peer.waiting_since.has_value()) peer.waiting_since = now.mono;
    if (now.mono - *peer.waiting_since < kGrantPatience) return;
  }
  peer.waiting_since.reset();
  std::vector<HubLink> hubs;
  for (const HubId& hub : peer.policy.hubs) {
    hubs.push_back({hub, links_.at(hub).get()});
  }
  absl::StatusOr<std::unique_ptr<InitiatorExchange>> exchange =
      InitiatorExchange::Start(
          {options_.self, options_.boot, options_.entropy, count, &sharings_},
          peer.policy, hubs, now);
  if (!exchange.ok()) {
    Fail(peer, exchange.status(), now);
    return;
  }
  peer.exchange = *std::move(exchange);
}

void AgentNode::Fail(Peer& peer, absl::Status reason, const Instant& now) {
  peer.exchange.reset();
  peer.last_failure = reason;
  peer.not_before = now.mono + peer.backoff;
  peer.backoff = std::min(2 * peer.backoff, kMostBackoff);
  events_.push_back(ExchangeFailed{peer.policy.peer, std::move(reason)});
}

std::optional<absl::Duration> AgentNode::NextTime() const {
  std::optional<absl::Duration> next;
  const auto consider = [&next](absl::Duration time) {
    if (!next.has_value() || time < *next) next = time;
  };
  for (const auto& [id, peer] : peers_) {
    if (peer.exchange != nullptr) {
      consider(peer.exchange->deadline());
    } else if (peer.wanted > 0) {
      absl::Duration next = peer.waiting_since.has_value()
                                ? *peer.waiting_since + kGrantPatience
                                : peer.not_before;
      if (started_.has_value()) {
        next = std::max(next, *started_ + kStartPatience);
      }
      consider(next);
    }
  }
  return next;
}

absl::Status AgentNode::LastFailure(const AgentId& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? absl::NotFoundError("not a configured peer")
                               : found->second.last_failure;
}

std::vector<AgentEvent> AgentNode::TakeEvents() {
  return std::exchange(events_, {});
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
