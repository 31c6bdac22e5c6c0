#include "skex/ratchet/initiator.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/psk/mixing.h"

namespace skex {

LaneInitiator::LaneInitiator(const Options& options, LaneState state)
    : options_(options) {
  root_.lane = std::move(state.lanes.back());
  // Everything below the first durable leaf was claimed before; of a tree that
  // is used up nothing is left.
  root_.mark = static_cast<uint32_t>(
      std::min<uint64_t>(root_.lane.tree.first(), kLastLeaf + uint64_t{1}));
  root_.next = root_.mark;
}

absl::StatusOr<std::unique_ptr<LaneInitiator>> LaneInitiator::Open(
    const Options& options) {
  absl::StatusOr<LaneState> state =
      LoadLane(options.storage, LaneSide::kInitiator, options.policy.initiator,
               options.policy.responder);
  if (!state.ok()) return state.status();
  return absl::WrapUnique(new LaneInitiator(options, *std::move(state)));
}

absl::Status LaneInitiator::Start(const Instant& now) {
  return Begin(RunPurpose::kKey, Key(), now);
}

absl::Status LaneInitiator::Mix(Key dske, const Instant& now) {
  // Which start of the responder's process it will be, M2 tells.
  absl::Status status = CheckMixing(
      dske, *options_.policy.Terms(options_.boot, dske.terms->responder_boot));
  if (!status.ok()) return status;
  return Begin(RunPurpose::kMix, std::move(dske), now);
}

absl::Status LaneInitiator::Reroot(Key fresh, const Instant& now) {
  absl::Status status = options_.policy.CheckFreshKey(fresh);
  if (!status.ok()) return status;
  const bool under_way = std::any_of(
      runs_.begin(), runs_.end(),
      [](const Run& run) { return run.purpose == RunPurpose::kReroot; });
  if (under_way) {
    return absl::FailedPreconditionError("another re-root is under way");
  }
  return Begin(RunPurpose::kReroot, std::move(fresh), now);
}

absl::Status LaneInitiator::Begin(RunPurpose purpose, Key dske,
                                  const Instant& now) {
  if (!options_.policy.Allows(purpose)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the configuration does not allow such keys with ",
                     options_.policy.responder.text()));
  }
  if (runs_.size() >= kMostTentative) {
    return absl::ResourceExhaustedError(
        absl::StrCat(runs_.size(), " runs are under way"));
  }
  if (root_.next > kLastLeaf) {
    return absl::ResourceExhaustedError(
        "the lane is used up; provision it anew");
  }
  if (root_.next == root_.mark || medium_is_unsure_) {
    const absl::Status status = Claim();
    if (!status.ok()) return status;
  }
  absl::StatusOr<TreeLeaf> leaf = root_.lane.tree.Evaluate(root_.next);
  if (!leaf.ok()) return leaf.status();
  root_.lane.tree.Puncture(*leaf);
  LeafKeys keys = DeriveLeafKeys(leaf->bytes.view());

  M1Message m1 = {.lane = root_.lane.id,
                  .index = root_.next,
                  .lowest = LowestOutstanding(),
                  .finished = root_.finished,
                  .purpose = purpose,
                  .fresh = dske.id,
                  .boot = options_.boot,
                  .context = options_.policy.ContextHash()};
  options_.entropy->Fill(absl::MakeSpan(m1.nonce));
  ++root_.next;
  Run run = {.lane = m1.lane,
             .index = m1.index,
             .purpose = purpose,
             .m1 = m1.Seal(keys.tag1, root_.lane.gate),
             .nonce = m1.nonce,
             .tag2_key = std::move(keys.tag2),
             .tag3_key = std::move(keys.tag3),
             .result_key = std::move(
                 purpose == RunPurpose::kReroot ? keys.reroot : keys.key),
             .dske = std::move(dske),
             .started = now.mono,
             .resend_at = now.mono + kFirstResend,
             .resend_after = kFirstResend};
  messages_.push_back(run.m1);
  runs_.push_back(std::move(run));
  return absl::OkStatus();
}

absl::Status LaneInitiator::OnMessage(absl::Span<const uint8_t> bytes,
                                      const Instant& now) {
  const absl::StatusOr<LaneMessageType> type = LaneMessageTypeOf(bytes);
  if (!type.ok()) return type.status();
  switch (*type) {
    case LaneMessageType::kM2:
      return OnM2(bytes, now);
    case LaneMessageType::kStale:
      return OnStale(bytes);
    case LaneMessageType::kM1:
    case LaneMessageType::kConfirm:
      break;
  }
  return absl::InvalidArgumentError(
      "lane message: an initiator's own kind to an initiator");
}

absl::Status LaneInitiator::OnM2(absl::Span<const uint8_t> bytes,
                                 const Instant& now) {
  const absl::StatusOr<M2Message> m2 = M2Message::Parse(bytes);
  if (!m2.ok()) return m2.status();
  const auto found = FindRun(m2->lane, m2->index);
  if (found == runs_.end()) {
    return absl::FailedPreconditionError("M2 answers no run under way");
  }
  if (!TagVerifies(*m2, AsText(bytes), found->tag2_key, found->m1)) {
    return absl::DataLossError("M2 does not verify");
  }
  Run run = std::move(*found);
  runs_.erase(found);
  return Finish(std::move(run), *m2, AsText(bytes), now);
}

absl::Status LaneInitiator::Finish(Run run, const M2Message& m2,
                                   absl::string_view m2_bytes,
                                   const Instant& now) {
  if (run.lane == root_.lane.id) {
    root_.finished = std::max(root_.finished, run.index + 1);
  }
  if (m2.status != RunStatus::kAccepted) {
    Fail(run, absl::FailedPreconditionError(
                  absl::StrCat(options_.policy.responder.text(),
                               " refuses: ", RunStatusText(m2.status))));
    return absl::OkStatus();
  }
  if (run.purpose == RunPurpose::kReroot) return InstallRoot(run);
  std::optional<Key> dske;
  if (run.purpose == RunPurpose::kMix) dske = std::move(run.dske);
  absl::StatusOr<Key> key =
      options_.policy.KeyOfRun(run.result_key, run.m1, m2_bytes, options_.boot,
                               m2.boot, std::move(dske));
  if (!key.ok()) {
    Fail(run, key.status());
    return absl::OkStatus();
  }
  events_.emplace_back(
      KeyAgreed{*std::move(key), run.index, now.mono - run.started});
  messages_.push_back(
      LaneConfirmMessage{.lane = run.lane, .index = run.index}.Seal(
          run.tag3_key, run.m1, m2_bytes));
  return absl::OkStatus();
}

absl::Status LaneInitiator::InstallRoot(const Run& run) {
  Root root;
  root.lane = Lane::Of(RerootLane(run.result_key, run.dske.bytes,
                                  options_.policy.initiator,
                                  options_.policy.responder));
  const absl::Status status = Commit(root);
  if (!status.ok()) {
    // The old root goes on. The medium may hold the new one, which another
    // re-root would displace at the responder: it has to be told first.
    medium_is_unsure_ = true;
    Fail(run, status);
    return status;
  }
  events_.emplace_back(LaneRerooted{root.lane.id});
  events_.emplace_back(LaneErased{root_.lane.id});
  root_ = std::move(root);
  refused_jump_.reset();
  return absl::OkStatus();
}

absl::Status LaneInitiator::OnStale(absl::Span<const uint8_t> bytes) {
  const absl::StatusOr<StaleMessage> stale = StaleMessage::Parse(bytes);
  if (!stale.ok()) return stale.status();
  const auto found = FindRun(stale->lane, stale->index);
  // With its root, what verifies a STALE is gone; such a run is given up.
  if (found == runs_.end() || stale->lane != root_.lane.id ||
      found->nonce != stale->nonce) {
    return absl::FailedPreconditionError("STALE answers no run under way");
  }
  if (!TagVerifies(*stale, AsText(bytes), root_.lane.stale)) {
    return absl::DataLossError("STALE does not verify");
  }
  const Run run = std::move(*found);
  runs_.erase(found);
  Fail(run,
       absl::AbortedError(absl::StrCat("leaf ", run.index, " is used up at ",
                                       options_.policy.responder.text())));
  if (stale->next <= root_.next) return absl::OkStatus();
  ++rollbacks_detected_;
  events_.emplace_back(RollbackDetected{root_.next, stale->next});
  if (stale->next - root_.next > kMostJump || stale->next > kHalfOfLane) {
    refused_jump_ = stale->next;
    events_.emplace_back(JumpRefused{root_.next, stale->next});
    return absl::OkStatus();
  }
  JumpTo(stale->next);
  return absl::OkStatus();
}

void LaneInitiator::JumpTo(uint32_t to) {
  if (to <= root_.next) return;
  root_.lane.tree.PunctureBelow(to);
  root_.next = to;
  // Behind the mark nothing is claimed: the next run claims from here on.
  root_.mark = std::max(root_.mark, to);
}

absl::Status LaneInitiator::AllowJump() {
  if (!refused_jump_.has_value()) {
    return absl::FailedPreconditionError("no jump waits for the operator");
  }
  JumpTo(*refused_jump_);
  refused_jump_.reset();
  return absl::OkStatus();
}

absl::Status LaneInitiator::Claim() {
  const uint32_t before = root_.mark;
  root_.mark = static_cast<uint32_t>(std::min<uint64_t>(
      uint64_t{root_.next} + kLaneWindow, kLastLeaf + uint64_t{1}));
  const absl::Status status = Commit(root_);
  if (!status.ok()) root_.mark = before;
  return status;
}

absl::Status LaneInitiator::Commit(const Root& root) {
  LaneState state = {.side = LaneSide::kInitiator,
                     .initiator = options_.policy.initiator,
                     .responder = options_.policy.responder};
  state.lanes.push_back(root.lane.Clone());
  state.lanes.back().tree.PunctureBelow(root.mark);
  const absl::Status status = options_.storage->Commit(state.Encode().view());
  if (status.ok()) medium_is_unsure_ = false;
  return status;
}

void LaneInitiator::Fail(const Run& run, absl::Status reason) {
  events_.emplace_back(RunFailed{run.index, std::move(reason), run.purpose});
}

void LaneInitiator::OnConnected(const Instant& now) {
  for (Run& run : runs_) {
    messages_.push_back(run.m1);
    run.resend_after = kFirstResend;
    run.resend_at = now.mono + run.resend_after;
  }
}

void LaneInitiator::OnTime(const Instant& now) {
  for (auto run = runs_.begin(); run != runs_.end();) {
    if (now.mono >= run->started + kRunTimeout) {
      Fail(*run,
           absl::DeadlineExceededError(absl::StrCat(
               options_.policy.responder.text(), " did not answer within ",
               absl::FormatDuration(kRunTimeout))));
      run = runs_.erase(run);
      continue;
    }
    if (now.mono >= run->resend_at) {
      messages_.push_back(run->m1);
      run->resend_after *= 2;
      run->resend_at = now.mono + run->resend_after;
    }
    ++run;
  }
}

std::optional<absl::Duration> LaneInitiator::NextTime() const {
  std::optional<absl::Duration> next;
  for (const Run& run : runs_) {
    const absl::Duration due =
        std::min(run.resend_at, run.started + kRunTimeout);
    if (!next.has_value() || due < *next) next = due;
  }
  return next;
}

uint32_t LaneInitiator::LowestOutstanding() const {
  uint32_t lowest = root_.next;
  for (const Run& run : runs_) {
    if (run.lane == root_.lane.id) lowest = std::min(lowest, run.index);
  }
  return lowest;
}

std::vector<LaneInitiator::Run>::iterator LaneInitiator::FindRun(
    const LaneId& lane, uint32_t index) {
  return std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) {
    return run.lane == lane && run.index == index;
  });
}

uint64_t LaneInitiator::remaining() const {
  return kLastLeaf + uint64_t{1} - root_.mark;
}

std::vector<std::string> LaneInitiator::TakeMessages() {
  return std::exchange(messages_, {});
}

std::vector<LaneEvent> LaneInitiator::TakeEvents() {
  return std::exchange(events_, {});
}

}  // namespace skex
