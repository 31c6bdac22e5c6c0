#include "skex/dske/relay.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "skex/pad/mask.h"

namespace skex {
namespace {

constexpr absl::Duration kQuotaPeriod = absl::Hours(1);
// The last tenth of a pad is kept for initiators that used little of it.
constexpr uint64_t kReserveDivisor = 10;

// `mac` bytes of a pad as the otp bytes that go with them: who uses up the one
// stream has used up the pad as well as who uses up the other.
uint64_t InOtpBytes(const Pad& pad, uint64_t mac) {
  const PadGeometry& geometry = pad.identity().geometry;
  return mac / kMacSlotSize *
         (geometry.otp_bytes / (geometry.mac_bytes / kMacSlotSize));
}

// What is left of one pad for the responder, in the same unit.
uint64_t LeftOf(const Pad& pad) {
  return std::min(
      pad.Remaining(Direction::kHubToAgent, Stream::kOtp),
      InOtpBytes(pad, pad.Remaining(Direction::kHubToAgent, Stream::kMac)));
}

// What an agent's pads have for shares, all in otp bytes.
struct Supply {
  uint64_t left = 0;
  uint64_t whole = 0;       // of new pads, without those that are used up
  uint64_t least_cost = 0;  // of any share: one MAC slot of the pad in use
};

Supply SupplyOf(const Link& link) {
  Supply supply;
  for (const Link::PadState& state : link.pads()) {
    const Pad& pad = *state.pad;
    const uint64_t left = LeftOf(pad);
    if (supply.left == 0) supply.least_cost = InOtpBytes(pad, kMacSlotSize);
    if (left == 0) continue;
    supply.left += left;
    supply.whole += pad.identity().geometry.otp_bytes;
  }
  return supply;
}

// What a share of `size` bytes costs.
uint64_t CostOf(const Supply& supply, uint64_t size) {
  return std::max(size, supply.least_cost);
}

RelayResult ResultOf(NoticeCode code) {
  switch (code) {
    case NoticeCode::kResponderAway:
      return RelayResult::kResponderAway;
    case NoticeCode::kUnknownResponder:
      return RelayResult::kUnknownResponder;
    case NoticeCode::kNotAllowed:
      return RelayResult::kNotAllowed;
    case NoticeCode::kOverloaded:
      return RelayResult::kOverloaded;
    case NoticeCode::kQuota:
      return RelayResult::kQuota;
    case NoticeCode::kPadUsedUp:
      return RelayResult::kPadUsedUp;
    case NoticeCode::kBadOffer:
      return RelayResult::kBadOffer;
  }
  return RelayResult::kBadOffer;
}

}  // namespace

absl::string_view RelayResultName(RelayResult result) {
  switch (result) {
    case RelayResult::kRelayed:
      return "relayed";
    case RelayResult::kReceipted:
      return "receipted";
    case RelayResult::kResponderAway:
      return "responder_away";
    case RelayResult::kUnknownResponder:
      return "unknown_responder";
    case RelayResult::kNotAllowed:
      return "not_allowed";
    case RelayResult::kOverloaded:
      return "overloaded";
    case RelayResult::kQuota:
      return "quota";
    case RelayResult::kPadUsedUp:
      return "pad_used_up";
    case RelayResult::kBadOffer:
      return "bad_offer";
    case RelayResult::kExpired:
      return "expired";
  }
  return "unknown";
}

void Relay::SetAgent(const AgentId& agent, Link* link,
                     const Enrolment& enrolment) {
  Agent& entry = agents_[agent];
  entry.link = link;
  entry.enrolment = enrolment;
  // Who is not allowed any more gets nothing more through.
  std::erase_if(waiting_, [&](const auto& waiting) {
    return waiting.second.responder == agent &&
           !enrolment.allow.contains(waiting.second.initiator);
  });
}

void Relay::RemoveAgent(const AgentId& agent) {
  agents_.erase(agent);
  touched_.erase(agent);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const bool gone =
        it->second.initiator == agent || it->second.responder == agent;
    it = gone ? waiting_.erase(it) : std::next(it);
  }
}

absl::Status Relay::OnFrame(const AgentId& from, const OpenedFrame& frame,
                            const Instant& now) {
  switch (frame.type) {
    case FrameType::kDeal:
      return OnDeal(from, frame, now);
    case FrameType::kReceipt:
      return OnReceipt(from, frame);
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          from.text(), " sent a ", FrameTypeName(frame.type), " frame"));
  }
}

std::optional<NoticeCode> Relay::Objection(const AgentId& from,
                                           const ShareMessage& message,
                                           const Instant& now) {
  const Offer& offer = message.offer;
  const bool names_us = std::find(offer.hubs.begin(), offer.hubs.end(),
                                  options_.self) != offer.hubs.end();
  if (offer.initiator != from || offer.responder == from || !names_us ||
      waiting_.contains({from, offer.exchange})) {
    return NoticeCode::kBadOffer;
  }
  const auto found = agents_.find(offer.responder);
  if (found == agents_.end()) return NoticeCode::kUnknownResponder;
  Agent& responder = found->second;
  if (!responder.enrolment.allow.contains(from)) return NoticeCode::kNotAllowed;
  if (!responder.link->connected()) {
    return NoticeCode::kResponderAway;
  }
  if (waiting_.size() >= options_.most_waiting) return NoticeCode::kOverloaded;
  if (now.mono - responder.quota_since >= kQuotaPeriod) {
    responder.quota_used.clear();
    responder.quota_since = now.mono;
  }
  const Supply supply = SupplyOf(*responder.link);
  const uint64_t cost = CostOf(supply, message.masked.size());
  if (supply.left < cost || responder.link->Lacks(message.masked.size())) {
    return NoticeCode::kPadUsedUp;
  }
  const uint64_t used = responder.quota_used[from] + cost;
  const uint64_t quota = responder.enrolment.pair_quota_bytes;
  if (quota > 0 && used > quota) return NoticeCode::kQuota;
  // What is kept for all is divided among them.
  const size_t initiators = responder.enrolment.allow.size();
  if (initiators > 1 && supply.left < supply.whole / kReserveDivisor &&
      used > supply.left / initiators) {
    return NoticeCode::kQuota;
  }
  return std::nullopt;
}

absl::Status Relay::OnDeal(const AgentId& from, const OpenedFrame& frame,
                           const Instant& now) {
  absl::StatusOr<ShareMessage> message = ShareMessage::Parse(frame.body);
  if (!message.ok() || message->masked.size() != frame.otp.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("deal of ", from.text(), ": ",
                     message.ok() ? "share and its pad differ in size"
                                  : message.status().message()));
  }
  const Offer& offer = message->offer;
  const std::optional<NoticeCode> objection = Objection(from, *message, now);
  if (objection.has_value()) {
    Refuse(from, offer.exchange, frame.mac_offset, *objection);
    return absl::OkStatus();
  }
  Share share = {.initiator = from,
                 .responder = offer.responder,
                 .exchange = offer.exchange,
                 .deal_offset = frame.mac_offset,
                 .since = now.mono,
                 .offer_bytes = std::move(message->offer_bytes),
                 .share = Secret::CopyOf(message->masked)};
  Mask(share.share.mutable_view(), frame.otp.view());
  Agent& responder = agents_[offer.responder];
  responder.quota_used[from] +=
      CostOf(SupplyOf(*responder.link), share.share.size());
  ++agents_[from].relayed;
  const ShareKey key = {from, offer.exchange};
  Share& kept = waiting_.emplace(key, std::move(share)).first->second;
  oldest_first_.emplace_back(key, now.mono);
  Deliver(kept);
  return absl::OkStatus();
}

bool Relay::Deliver(Share& share) {
  Link& link = *agents_[share.responder].link;
  touched_.insert(share.responder);  // a request for pad may go out as well
  const uint64_t size = share.share.size();
  if (!link.Holds(size)) {
    link.WantOtp(size);
    return false;
  }
  absl::StatusOr<LinkSlice> slice = link.Take(size);
  if (!slice.ok()) return false;
  // The clear share becomes the masked one in place.
  Mask(share.share.mutable_view(), slice->pad.bytes.view());
  absl::StatusOr<uint64_t> sealed =
      link.SealMasked(FrameType::kRelay,
                      {share.offer_bytes, AsText(share.share.view())}, *slice);
  share.offer_bytes.clear();
  share.share.Clear();
  // The next one is likely to be as large.
  if (!link.Holds(size)) link.WantOtp(size);
  if (sealed.ok()) Count(RelayResult::kRelayed);
  return true;
}

void Relay::OnLinkReady(const AgentId& agent) {
  for (auto& [key, share] : waiting_) {
    if (share.responder != agent || share.share.empty()) continue;
    // A smaller one may fit where this one does not.
    if (!Deliver(share) && !agents_[agent].link->ready()) return;
  }
}

absl::Status Relay::OnReceipt(const AgentId& from, const OpenedFrame& frame) {
  absl::StatusOr<Receipt> receipt = Receipt::Parse(frame.body);
  if (!receipt.ok()) return receipt.status();
  const auto found = waiting_.find({receipt->initiator, receipt->exchange});
  // A receipt may come before the share that it is for, or after its time.
  if (found == waiting_.end() || found->second.responder != from) {
    return absl::OkStatus();
  }
  const ConfirmMessage confirm = {.exchange = receipt->exchange,
                                  .deal_offset = found->second.deal_offset,
                                  .confirmation = receipt->confirmation};
  waiting_.erase(found);
  Count(RelayResult::kReceipted);
  const auto initiator = agents_.find(receipt->initiator);
  if (initiator == agents_.end()) return absl::OkStatus();
  touched_.insert(receipt->initiator);
  // Without a stream the initiator learns it from another hub, or not at all.
  initiator->second.link->Seal(FrameType::kConfirm, {confirm.Encode()})
      .IgnoreError();
  return absl::OkStatus();
}

void Relay::Refuse(const AgentId& initiator, const ExchangeId& exchange,
                   uint64_t deal_offset, NoticeCode code) {
  Count(ResultOf(code));
  Agent& agent = agents_[initiator];
  ++agent.refused;
  touched_.insert(initiator);
  const Notice notice = {exchange, deal_offset, code};
  agent.link->Seal(FrameType::kNotice, {notice.Encode()}).IgnoreError();
}

void Relay::OnTime(const Instant& now) {
  while (!oldest_first_.empty()) {
    const auto& [key, since] = oldest_first_.front();
    const auto found = waiting_.find(key);
    if (found != waiting_.end() && found->second.since == since) {
      if (now.mono - found->second.since < options_.share_wait) break;
      waiting_.erase(found);
      Count(RelayResult::kExpired);
    }
    oldest_first_.pop_front();
  }
}

std::set<AgentId> Relay::TakeTouched() { return std::exchange(touched_, {}); }

std::pair<uint64_t, uint64_t> Relay::CountsOf(const AgentId& agent) const {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return {0, 0};
  return {found->second.relayed, found->second.refused};
}

}  // namespace skex
