#include "skex/node/pair_lanes.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/memory/memory.h"

namespace skex {

PairLanes::PairLanes(const Options& options,
                     std::unique_ptr<LaneInitiator> initiator,
                     std::unique_ptr<LaneResponder> responder)
    : policy_(options.policy),
      initiates_(options.initiates),
      initiator_(std::move(initiator)),
      responder_(std::move(responder)) {}

absl::StatusOr<std::unique_ptr<PairLanes>> PairLanes::Open(
    const Options& options) {
  auto initiator = LaneInitiator::Open({.policy = options.policy,
                                        .boot = options.boot,
                                        .entropy = options.entropy,
                                        .storage = options.outgoing});
  if (!initiator.ok()) return initiator.status();
  auto responder = LaneResponder::Open({.policy = options.policy.Reversed(),
                                        .boot = options.boot,
                                        .entropy = options.entropy,
                                        .storage = options.incoming});
  if (!responder.ok()) return responder.status();
  return absl::WrapUnique(
      new PairLanes(options, *std::move(initiator), *std::move(responder)));
}

void PairLanes::SetWanted(size_t keys) { wanted_ = initiates_ ? keys : 0; }

size_t PairLanes::KeyRuns() const {
  return initiator_->outstanding() - (rerooting_ ? 1 : 0);
}

size_t PairLanes::WantedFromHubs() const {
  if (!mixes() || !initiates_) return 0;
  const bool to_reroot = !rerooting_ && reroot_at_ <= now_;
  const size_t to_mix = wanted_ - std::min(wanted_, KeyRuns());
  // While runs fail, what comes would wait, or be lost with them.
  const size_t most = window_ < kMostTentative ? 1 : kMostDskeKeys;
  size_t all = std::min(to_mix + to_reroot, most);
  // Nothing else would tell that the hubs are back.
  if (policy_.use == LaneUse::kMixedOrAlone && hubs_fail_since_.has_value()) {
    all = std::max<size_t>(all, 1);
  }
  return all - std::min(all, dske_keys_.size());
}

void PairLanes::AddDskeKey(Key key, bool initiator, const Instant& now) {
  if (!initiator) {
    // One that is no use to it is a defect of the peer, who will hear of it
    // when it names the key.
    responder_->AddFreshKey(std::move(key), now).IgnoreError();
    return;
  }
  const absl::Duration expires = now.mono + key.terms->lifetime;
  dske_keys_.push_back({std::move(key), expires});
}

void PairLanes::OnHubs(const absl::Status& outcome, const Instant& now) {
  if (outcome.ok()) {
    hubs_fail_since_.reset();
    return;
  }
  hub_failure_ = outcome;
  if (!hubs_fail_since_.has_value()) hubs_fail_since_ = now.mono;
}

absl::Status PairLanes::OnRequest(absl::Span<const uint8_t> bytes,
                                  const Instant& now) {
  absl::Status status = responder_->OnMessage(bytes, now);
  HandleResponder();
  return status;
}

absl::Status PairLanes::OnAnswer(absl::Span<const uint8_t> bytes,
                                 const Instant& now) {
  absl::Status status = initiator_->OnMessage(bytes, now);
  HandleInitiator(now);
  return status;
}

void PairLanes::OnConnected(const Instant& now) {
  initiator_->OnConnected(now);
}

absl::Status PairLanes::AllowJump() {
  absl::Status status = initiator_->AllowJump();
  if (!status.ok()) return status;
  jump_waits_ = false;
  HurryUp();
  return absl::OkStatus();
}

void PairLanes::OnTime(const Instant& now) {
  now_ = now.mono;
  initiator_->OnTime(now);
  responder_->OnTime(now);
  HandleInitiator(now);
  HandleResponder();
  while (!dske_keys_.empty() && dske_keys_.front().expires <= now.mono) {
    dske_keys_.pop_front();
  }
  if (now.mono >= backoff_.not_before()) Begin(now);
}

void PairLanes::Begin(const Instant& now) {
  // Runs on the old root would be in the way of the new one.
  if (rerooting_) return;
  if (MayReroot(now.mono)) {
    if (initiator_->outstanding() > 0) return;
    const absl::Status status = initiator_->Reroot(TakeDskeKey(), now);
    rerooting_ = status.ok();
    if (!status.ok()) Fail(status, now.mono);
    return;
  }
  while (MayBeginKeyRun() && BeginKeyRun(now)) {
  }
}

bool PairLanes::MayReroot(absl::Duration now) const {
  return mixes() && reroot_at_ <= now && !dske_keys_.empty();
}

bool PairLanes::MayBeginKeyRun() const {
  return KeyRuns() < std::min(wanted_, window_);
}

bool PairLanes::BeginKeyRun(const Instant& now) {
  absl::Status status;
  if (mixes() && !dske_keys_.empty()) {
    status = initiator_->Mix(TakeDskeKey(), now);
  } else if (policy_.use == LaneUse::kAlone) {
    status = initiator_->Start(now);
  } else if (policy_.use == LaneUse::kMixedOrAlone &&
             hubs_fail_since_.has_value() &&
             now.mono - *hubs_fail_since_ >= kHubPatience) {
    status = initiator_->Start(now);
  } else {
    return false;
  }
  if (!status.ok()) Fail(status, now.mono);
  return status.ok();
}

Key PairLanes::TakeDskeKey() {
  Key key = std::move(dske_keys_.front().key);
  dske_keys_.pop_front();
  return key;
}

void PairLanes::Fail(absl::Status reason, absl::Duration now) {
  last_failure_ = reason;
  window_ = 1;
  // What a STALE has ended, another run mends.
  backoff_.Fail(now, absl::IsAborted(reason));
  events_.push_back(ExchangeFailed{peer(), std::move(reason)});
}

void PairLanes::HandleInitiator(const Instant& now) {
  for (LaneEvent& event : initiator_->TakeEvents()) {
    if (auto* agreed = std::get_if<KeyAgreed>(&event)) {
      OnKey(std::move(*agreed));
    } else if (const auto* failed = std::get_if<RunFailed>(&event)) {
      OnRunFailed(*failed, now);
    } else if (const auto* rollback = std::get_if<RollbackDetected>(&event)) {
      events_.push_back(
          LaneRolledBack{peer(), true, rollback->from, rollback->to});
    } else if (const auto* jump = std::get_if<JumpRefused>(&event)) {
      jump_waits_ = true;
      events_.push_back(LaneJumpRefused{peer(), jump->from, jump->to});
    } else if (std::holds_alternative<LaneRerooted>(event)) {
      OnRerooted(now);
    }
  }
}

void PairLanes::OnKey(KeyAgreed agreed) {
  wanted_ -= std::min<size_t>(wanted_, 1);
  window_ = kMostTentative;
  backoff_.Succeed();
  last_failure_ = absl::OkStatus();
  if (agreed.key.terms->source == KeySource::kUnmediated && mixes()) {
    // It heals with the first key that comes through the hubs.
    reroot_at_ = -absl::InfiniteDuration();
    if (!hubs_failed_) events_.push_back(HubsFailed{peer(), hub_failure_});
    hubs_failed_ = true;
  }
  Tell(true, std::move(agreed));
}

void PairLanes::Tell(bool initiator, KeyAgreed agreed) {
  std::vector<Key> keys;
  keys.push_back(std::move(agreed.key));
  events_.push_back(
      KeysEstablished{peer(), initiator, std::move(keys), agreed.took});
}

void PairLanes::OnRunFailed(const RunFailed& failed, const Instant& now) {
  if (failed.purpose == RunPurpose::kReroot) rerooting_ = false;
  // A peer that has started anew has none of the others either; one that does
  // not answer may have them still.
  if (failed.purpose != RunPurpose::kKey &&
      !absl::IsDeadlineExceeded(failed.reason)) {
    dske_keys_.clear();
  }
  Fail(failed.reason, now.mono);
}

void PairLanes::OnRerooted(const Instant& now) {
  rerooting_ = false;
  jump_waits_ = false;
  ++reroots_;
  reroot_at_ = now.mono + kRerootInterval;
  events_.push_back(LaneHealed{peer(), true});
  if (!hubs_failed_) return;
  hubs_failed_ = false;
  events_.push_back(HubsBack{peer()});
}

void PairLanes::HandleResponder() {
  for (LaneEvent& event : responder_->TakeEvents()) {
    if (auto* agreed = std::get_if<KeyAgreed>(&event)) {
      Tell(false, std::move(*agreed));
    } else if (const auto* lapsed = std::get_if<KeyLapsed>(&event)) {
      events_.push_back(KeyUnconfirmed{lapsed->key});
    } else if (const auto* rollback = std::get_if<RollbackDetected>(&event)) {
      events_.push_back(
          LaneRolledBack{peer(), false, rollback->from, rollback->to});
    } else if (std::holds_alternative<LaneRerooted>(event)) {
      events_.push_back(LaneHealed{peer(), false});
    }
  }
}

std::optional<absl::Duration> PairLanes::NextTime() const {
  std::optional<absl::Duration> next = initiator_->NextTime();
  const auto consider = [&next](absl::Duration time) {
    if (!next.has_value() || time < *next) next = time;
  };
  if (const auto due = responder_->NextTime()) consider(*due);
  if (!dske_keys_.empty()) consider(dske_keys_.front().expires);
  if (mixes() && initiates_ && !rerooting_ && reroot_at_ > now_) {
    consider(reroot_at_);
  }
  if (rerooting_) return next;
  if (MayReroot(now_)) {
    // While runs are under way it waits for their end.
    if (initiator_->outstanding() == 0) consider(backoff_.not_before());
  } else if (MayBeginKeyRun()) {
    if (!mixes() || !dske_keys_.empty()) {
      consider(backoff_.not_before());
    } else if (policy_.use == LaneUse::kMixedOrAlone &&
               hubs_fail_since_.has_value()) {
      consider(
          std::max(backoff_.not_before(), *hubs_fail_since_ + kHubPatience));
    }
  }
  return next;
}

std::vector<AgentEvent> PairLanes::TakeEvents() {
  return std::exchange(events_, {});
}

}  // namespace skex
