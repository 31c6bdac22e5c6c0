#include "tests/fuzz/relay_model.h"

#include <algorithm>
#include <utility>

#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/pad/mask.h"
#include "tests/fuzz/steps.h"

namespace skex {

void RelayModel::SetAgent(const AgentId& agent,
                          const Relay::Enrolment& enrolment) {
  agents_[agent] = enrolment;
  std::erase_if(waiting_, [&](const auto& entry) {
    return entry.second.responder == agent &&
           !enrolment.allow.contains(entry.first.first);
  });
}

// An enrolment ends with all that the hub knew of the agent.
void RelayModel::RemoveAgent(const AgentId& agent) {
  agents_.erase(agent);
  std::erase_if(waiting_, [&agent](const auto& entry) {
    return entry.first.first == agent || entry.second.responder == agent;
  });
  std::erase_if(used_, [&agent](const auto& entry) {
    return entry.first.first == agent;
  });
}

uint64_t RelayModel::CostOf(const SentDeal& deal) {
  return std::max<uint64_t>(deal.share.size(), kOtpOfASlot);
}

std::set<NoticeCode> RelayModel::Objections(const SentDeal& deal) const {
  const Offer& offer = deal.offer;
  std::set<NoticeCode> objections;
  if (offer.initiator != deal.from || offer.responder == deal.from ||
      std::find(offer.hubs.begin(), offer.hubs.end(), options_.self) ==
          offer.hubs.end() ||
      waiting_.contains({deal.from, offer.exchange})) {
    objections.insert(NoticeCode::kBadOffer);
  }
  const auto responder = agents_.find(offer.responder);
  if (responder == agents_.end()) {
    objections.insert(NoticeCode::kUnknownResponder);
    return objections;
  }
  const Relay::Enrolment& enrolment = responder->second;
  if (!enrolment.allow.contains(deal.from)) {
    objections.insert(NoticeCode::kNotAllowed);
  }
  if (!deal.responder_up) objections.insert(NoticeCode::kResponderAway);
  if (waiting_.size() >= options_.most_waiting) {
    objections.insert(NoticeCode::kOverloaded);
  }
  const auto found = used_.find({offer.responder, deal.from});
  const uint64_t used =
      (found == used_.end() ? 0 : found->second) + CostOf(deal);
  if (enrolment.pair_quota_bytes > 0 && used > enrolment.pair_quota_bytes) {
    objections.insert(NoticeCode::kQuota);
  }
  // The last tenth is divided among those allowed.
  const uint64_t left = std::min(deal.otp_left, deal.slots_left * kOtpOfASlot);
  if (enrolment.allow.size() > 1 && left < pad_size_ / 10 &&
      used > left / enrolment.allow.size()) {
    objections.insert(NoticeCode::kQuota);
  }
  if (left < CostOf(deal) || deal.lacks_otp) {
    objections.insert(NoticeCode::kPadUsedUp);
  }
  return objections;
}

void RelayModel::OnDeal(const SentDeal& deal, const Instant& now) {
  std::set<NoticeCode> objections = Objections(deal);
  const Offer& offer = deal.offer;
  if (!objections.empty()) {
    ++refused_;
    due_notices_[{deal.from, deal.mac_offset}] = {offer.exchange,
                                                  std::move(objections)};
    return;
  }
  used_[{offer.responder, deal.from}] += CostOf(deal);
  waiting_.insert({{deal.from, offer.exchange},
                   {offer.responder, deal.mac_offset, now.mono}});
  ByteWriter offer_bytes;
  offer.Encode(offer_bytes);
  due_relays_[offer.responder].insert(
      {deal.from, offer_bytes.bytes(), deal.share});
}

void RelayModel::OnReceipt(const AgentId& from, const Receipt& receipt) {
  const auto found = waiting_.find({receipt.initiator, receipt.exchange});
  if (found == waiting_.end() || found->second.responder != from) return;
  const ConfirmMessage confirm = {receipt.exchange, found->second.deal_offset,
                                  receipt.confirmation};
  due_confirms_[receipt.initiator].insert(confirm.Encode());
  waiting_.erase(found);
  ++receipted_;
}

void RelayModel::OnTime(const Instant& now) {
  expired_ += std::erase_if(waiting_, [&](const auto& entry) {
    return now.mono - entry.second.since >= options_.share_wait;
  });
}

void RelayModel::OnReceived(const AgentId& agent, const OpenedFrame& opened) {
  switch (opened.type) {
    case FrameType::kRelay:
      return OnRelay(agent, opened);
    case FrameType::kConfirm:
      return OnConfirm(agent, opened);
    case FrameType::kNotice:
      return OnNotice(agent, opened);
    default:
      Require(false, "a hub sends relays, confirms and notices only");
  }
}

void RelayModel::OnRelay(const AgentId& agent, const OpenedFrame& opened) {
  const absl::StatusOr<ShareMessage> message = ShareMessage::Parse(opened.body);
  Require(message.ok(), "a relayed share parses");
  Require(message->offer.responder == agent,
          "a share goes to the named responder only");
  Require(message->masked.size() == opened.otp.size(),
          "a relayed share is masked from end to end");
  Secret share = Secret::CopyOf(message->masked);
  Mask(share.mutable_view(), opened.otp.view());
  std::multiset<Due>& due = due_relays_[agent];
  const auto found = due.find({message->offer.initiator, message->offer_bytes,
                               std::string(AsText(share.view()))});
  Require(found != due.end(),
          "a share is relayed once, as it was dealt, if that was allowed");
  due.erase(found);
}

void RelayModel::OnConfirm(const AgentId& agent, const OpenedFrame& opened) {
  Require(opened.otp.empty(), "a confirm needs no otp bytes");
  std::multiset<std::string>& due = due_confirms_[agent];
  const auto found = due.find(std::string(AsText(opened.body)));
  Require(found != due.end(),
          "a confirm goes to the initiator, once for each true receipt");
  due.erase(found);
}

void RelayModel::OnNotice(const AgentId& agent, const OpenedFrame& opened) {
  Require(opened.otp.empty(), "a notice needs no otp bytes");
  const absl::StatusOr<Notice> notice = Notice::Parse(opened.body);
  Require(notice.ok(), "a notice parses");
  const auto found = due_notices_.find({agent, notice->deal_offset});
  Require(found != due_notices_.end() &&
              found->second.first == notice->exchange &&
              found->second.second.contains(notice->code),
          "a notice goes to who dealt, once, with a reason that is true");
  due_notices_.erase(found);
}

void RelayModel::Check(const Relay& relay) const {
  Require(relay.waiting() <= options_.most_waiting,
          "shares that wait are bounded");
  Require(relay.waiting() == waiting_.size(),
          "a share is kept until its receipt or until its time is over");
  Require(relay.count(RelayResult::kReceipted) == receipted_,
          "a true receipt ends a share's wait");
  Require(relay.count(RelayResult::kExpired) == expired_,
          "a share's time ends its wait");
  uint64_t refused = 0;
  for (RelayResult result :
       {RelayResult::kResponderAway, RelayResult::kUnknownResponder,
        RelayResult::kNotAllowed, RelayResult::kOverloaded, RelayResult::kQuota,
        RelayResult::kPadUsedUp, RelayResult::kBadOffer}) {
    refused += relay.count(result);
  }
  Require(refused == refused_, "a deal is refused for a reason");
}

}  // namespace skex
