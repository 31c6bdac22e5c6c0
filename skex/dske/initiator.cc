#include "skex/dske/initiator.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "skex/base/bytes.h"
#include "skex/dske/shared_secret.h"
#include "skex/pad/mask.h"

namespace skex {
namespace {

// A hub that takes part, with the pad bytes of its share.
struct Participant {
  HubLink hub;
  LinkSlice slice;
};

// The hubs that can take part, each with its slice; UNAVAILABLE if too few.
absl::StatusOr<std::vector<Participant>> Gather(
    const PeerPolicy& policy, const std::vector<HubLink>& links,
    uint64_t share_size) {
  std::vector<HubLink> able;
  std::vector<std::string> missing;
  for (const HubLink& hub : links) {
    if (!hub.link->ready()) {
      missing.push_back(absl::StrCat(hub.hub.text(), " ", hub.link->detail()));
    } else if (!hub.link->Holds(share_size)) {
      hub.link->WantOtp(share_size);
      missing.push_back(
          absl::StrCat(hub.hub.text(), " ", hub.link->GrantsDetail()));
    } else {
      able.push_back(hub);
    }
  }
  // No pad is taken for an exchange that cannot be.
  std::vector<Participant> participants;
  if (able.size() >= policy.min_hubs) {
    for (const HubLink& hub : able) {
      absl::StatusOr<LinkSlice> slice = hub.link->Take(share_size);
      if (slice.ok()) {
        participants.push_back({hub, *std::move(slice)});
      } else {
        missing.push_back(
            absl::StrCat(hub.hub.text(), " ", slice.status().message()));
      }
    }
  }
  if (participants.size() < policy.min_hubs) {
    return absl::UnavailableError(
        absl::StrCat(links.size() - missing.size(), " of ", links.size(),
                     " hubs can take part, ", policy.min_hubs,
                     " are needed: ", absl::StrJoin(missing, "; ")));
  }
  return participants;
}

PadSource WorstSource(const std::vector<Participant>& participants) {
  PadSource worst = PadSource::kPhysical;
  for (const Participant& participant : participants) {
    worst = WorsePadSource(worst, participant.slice.source);
  }
  return worst;
}

// The shares and the secret that the first k pad slices fix.
struct DealtShares {
  std::vector<Secret> others;  // of the hubs behind the first k
  Secret secret;
};

absl::StatusOr<DealtShares> DealFromPads(
    const Offer& offer, const std::vector<Participant>& participants,
    SharingCache& sharings) {
  const size_t size = LayoutOf(offer).total_size();
  std::vector<absl::Span<const uint8_t>> first;
  DealtShares dealt = {{}, Secret::OfSize(size)};
  std::vector<absl::Span<uint8_t>> others;
  for (const Participant& participant : participants) {
    if (first.size() < offer.threshold) {
      first.push_back(participant.slice.pad.bytes.view());
    } else {
      dealt.others.push_back(Secret::OfSize(size));
    }
  }
  for (Secret& other : dealt.others) others.push_back(other.mutable_view());
  absl::StatusOr<std::shared_ptr<const Sharing>> sharing =
      sharings.Get(offer.threshold, offer.hubs);
  if (!sharing.ok()) return sharing.status();
  absl::Status status = (*sharing)->Deal(first, absl::MakeSpan(others),
                                         dealt.secret.mutable_view());
  if (!status.ok()) return status;
  return dealt;
}

}  // namespace

InitiatorExchange::InitiatorExchange(Offer offer, const PeerPolicy& policy,
                                     const Instant& now)
    : offer_(std::move(offer)),
      started_(now.mono),
      deadline_(now.mono + policy.exchange_timeout) {}

absl::StatusOr<std::unique_ptr<InitiatorExchange>> InitiatorExchange::Start(
    const Options& options, const PeerPolicy& policy,
    const std::vector<HubLink>& links, const Instant& now) {
  const ShareLayout layout = {options.key_count, policy.key_bytes};
  absl::StatusOr<std::vector<Participant>> participants =
      Gather(policy, links, layout.total_size());
  if (!participants.ok()) return participants.status();

  Offer offer = {.exchange = RandomId<ExchangeId>(*options.entropy),
                 .initiator_boot = options.boot,
                 .initiator = options.self,
                 .responder = policy.peer,
                 .threshold = policy.threshold};
  for (const Participant& participant : *participants) {
    offer.hubs.push_back(participant.hub.hub);
  }
  offer.expiry = absl::FromUnixSeconds(absl::ToUnixSeconds(
      now.wall + std::min(policy.exchange_timeout, kMostExpiry) +
      absl::Seconds(1)));
  offer.freshness = policy.freshness;
  offer.key_bytes = policy.key_bytes;
  offer.lifetime_seconds =
      static_cast<uint32_t>(absl::ToInt64Seconds(policy.key_lifetime));
  offer.use_limit =
      policy.freshness == Freshness::kDerived ? policy.use_limit : 1;
  offer.source = WorstSource(*participants);
  offer.tags.resize(options.key_count);

  SharingCache none;
  absl::StatusOr<DealtShares> dealt =
      DealFromPads(offer, *participants,
                   options.sharings != nullptr ? *options.sharings : none);
  if (!dealt.ok()) return dealt.status();
  offer.tags = ComputeKeyTags(offer, dealt->secret.view());

  auto exchange =
      absl::WrapUnique(new InitiatorExchange(std::move(offer), policy, now));
  ByteWriter writer;
  exchange->offer_.Encode(writer);
  // Z = Y + R. For the first k hubs the share is the pad string itself, so that
  // Z is zero.
  Secret masked = Secret::OfSize(layout.total_size());
  absl::Status failure;
  for (size_t i = 0; i < participants->size(); ++i) {
    const Participant& participant = (*participants)[i];
    if (i >= policy.threshold) {
      masked = std::move(dealt->others[i - policy.threshold]);
      Mask(masked.mutable_view(), participant.slice.pad.bytes.view());
    }
    absl::StatusOr<uint64_t> offset = participant.hub.link->SealMasked(
        FrameType::kDeal, {writer.bytes(), AsText(masked.view())},
        participant.slice);
    if (offset.ok()) {
      exchange->deals_[participant.hub.hub].offset = *offset;
    } else {
      failure = offset.status();
    }
  }
  exchange->secret_ = std::move(dealt->secret);
  if (exchange->deals_.size() < policy.threshold) {
    return absl::UnavailableError(
        absl::StrCat("a share could be sent to ", exchange->deals_.size(),
                     " hubs only: ", failure.message()));
  }
  return exchange;
}

absl::StatusOr<ConfirmedKeys> InitiatorExchange::OnConfirm(
    const HubId& hub, const ConfirmMessage& message) {
  auto deal = deals_.find(hub);
  if (message.exchange != offer_.exchange || deal == deals_.end() ||
      deal->second.offset != message.deal_offset) {
    return absl::FailedPreconditionError(
        "confirmation answers no deal of ours");
  }
  if (secret_.empty() || deal->second.tried) {
    return absl::AlreadyExistsError("exchange is confirmed already");
  }
  deal->second.tried = true;
  absl::StatusOr<Confirmation> confirmation = Confirmation::Open(
      ConfirmationKey(offer_, secret_.view()), message.confirmation);
  if (!confirmation.ok()) return confirmation.status();
  if (confirmation->exchange != offer_.exchange ||
      confirmation->initiator != offer_.initiator ||
      confirmation->responder != offer_.responder ||
      confirmation->key_count != offer_.key_count()) {
    return absl::InvalidArgumentError("confirmation is for another exchange");
  }
  ConfirmedKeys confirmed;
  confirmed.keys =
      ExtractKeys(offer_, secret_.view(), confirmation->responder_boot,
                  confirmation->source);
  confirmed.inconsistent = std::move(confirmation->inconsistent);
  secret_.Clear();
  return confirmed;
}

absl::Status InitiatorExchange::OnNotice(const HubId& hub,
                                         const Notice& notice) {
  auto deal = deals_.find(hub);
  if (notice.exchange != offer_.exchange || deal == deals_.end() ||
      deal->second.offset != notice.deal_offset) {
    return absl::OkStatus();
  }
  deal->second.notice = notice.code;
  size_t hopeful = 0;
  for (const auto& [id, other] : deals_) hopeful += !other.notice.has_value();
  if (hopeful >= offer_.threshold) return absl::OkStatus();
  return absl::UnavailableError(Progress());
}

absl::Status InitiatorExchange::OnTime(const Instant& now) const {
  if (now.mono < deadline_) return absl::OkStatus();
  const std::string progress = Progress();
  return absl::DeadlineExceededError(
      absl::StrCat(offer_.responder.text(), " did not confirm within ",
                   absl::FormatDuration(deadline_ - started_),
                   progress.empty() ? "" : "; ", progress));
}

std::string InitiatorExchange::Progress() const {
  std::vector<std::string> refused;
  for (const auto& [hub, deal] : deals_) {
    if (deal.notice.has_value()) {
      refused.push_back(
          absl::StrCat(hub.text(), ": ", NoticeText(*deal.notice)));
    }
  }
  if (refused.empty()) return "";
  return absl::StrCat(refused.size(), " of ", deals_.size(),
                      " hubs refused: ", absl::StrJoin(refused, "; "));
}

}  // namespace skex
