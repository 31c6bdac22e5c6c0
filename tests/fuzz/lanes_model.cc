#include "tests/fuzz/lanes_model.h"

#include <algorithm>
#include <variant>

#include "absl/status/statusor.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/messages.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

// Of one lane at one end, see docs/protocol.md.
constexpr size_t kMostMediumBytes = 40 * 1024;

template <class Event>
size_t Count(const std::vector<LaneEvent>& events) {
  return static_cast<size_t>(
      std::count_if(events.begin(), events.end(), [](const LaneEvent& event) {
        return std::holds_alternative<Event>(event);
      }));
}

bool NothingChanged(const TakenStep& taken) {
  return taken.before == taken.after && taken.step.events.empty();
}

bool SameTerms(const KeyTerms& a, const KeyTerms& b) {
  return a.initiator == b.initiator && a.responder == b.responder &&
         a.initiator_boot == b.initiator_boot &&
         a.responder_boot == b.responder_boot && a.source == b.source &&
         a.label == b.label && a.freshness == b.freshness &&
         a.policy_hash == b.policy_hash && a.lifetime == b.lifetime &&
         a.use_limit == b.use_limit && a.hubs == b.hubs &&
         a.threshold == b.threshold;
}

// The nonce of the M1 of the leaf that `stale` names.
RunNonce NonceOf(const std::map<std::pair<LaneId, uint32_t>, std::string>& m1s,
                 const StaleMessage& stale) {
  const auto m1 = m1s.find({stale.lane, stale.index});
  Require(m1 != m1s.end(), "a STALE answers an M1 that was sent");
  return M1Message::Parse(AsBytes(m1->second))->nonce;
}

}  // namespace

EndView EndView::Of(const LaneInitiator& end, const FakeLaneStorage& storage) {
  return {.waiting = end.outstanding(),
          .rollbacks = end.rollbacks_detected(),
          .left = end.remaining(),
          .commits = storage.commits,
          .medium = storage.state.value_or("")};
}

EndView EndView::Of(const LaneResponder& end, const FakeLaneStorage& storage) {
  return {.waiting = end.tentative(),
          .rollbacks = end.rollbacks_detected(),
          .left = end.skipped_leaves(),
          .commits = storage.commits,
          .medium = storage.state.value_or("")};
}

void LanesModel::OnInitiator(const TakenStep& taken, absl::string_view answer) {
  switch (taken.input) {
    case LaneInput::kStart:
    case LaneInput::kReroot:
    case LaneInput::kMix:
    case LaneInput::kMisfit:
      CheckBegun(taken);
      runs_ += taken.step.status.ok() ? 1 : 0;
      break;
    case LaneInput::kTrue:
    case LaneInput::kLeaked:
      CheckAnswered(taken, answer);
      CheckJump(taken);
      break;
    case LaneInput::kFalse:
      Require(!taken.step.status.ok() && NothingChanged(taken),
              "an answer that does not verify changes nothing");
      break;
    case LaneInput::kConnected:
      Require(NothingChanged(taken) && taken.step.messages.size() == runs_,
              "a new connection makes every run send its M1 again");
      CheckResent(taken.step);
      break;
    case LaneInput::kTime:
      CheckTime(taken);
  }
  for (const std::string& message : taken.step.messages) {
    if (const auto* agreed = Find<KeyAgreed>(taken.step.events)) {
      NoteConfirm(message, *agreed);
    } else {
      NoteM1(message);
    }
  }
  for (const LaneEvent& event : taken.step.events) NoteInitiatorEvent(event);
  const size_t ended = Count<KeyAgreed>(taken.step.events) +
                       Count<RunFailed>(taken.step.events) +
                       Count<LaneRerooted>(taken.step.events);
  Require(ended <= runs_, "no more runs end than were begun");
  runs_ -= ended;
  Require(taken.after.waiting == runs_, "each run ends once, and is told");
  Require(runs_ <= kMostTentative, "runs under way are bounded");
  Require(taken.after.medium.size() <= kMostMediumBytes,
          "the state of an initiator is bounded");
}

void LanesModel::CheckBegun(const TakenStep& taken) const {
  Require(taken.step.events.empty(), "to begin a run is no event");
  if (taken.step.status.ok()) {
    Require(taken.input != LaneInput::kMisfit,
            "a key that does not fit is not mixed in");
    Require(taken.step.messages.size() == 1, "a run that begins sends its M1");
    return;
  }
  Require(taken.step.messages.empty(), "no message leaves on an error");
  switch (taken.step.status.code()) {
    case absl::StatusCode::kResourceExhausted:
      Require(runs_ == kMostTentative || taken.before.left == 0,
              "a run can begin while there are leaves and few are under way");
      break;
    case absl::StatusCode::kFailedPrecondition:
      Require((taken.input == LaneInput::kReroot && runs_ > 0) ||
                  (taken.input == LaneInput::kStart &&
                   promises_.use == LaneUse::kMixed) ||
                  (taken.input == LaneInput::kMix &&
                   promises_.use == LaneUse::kAlone),
              "a second re-root and what the configuration does not allow are "
              "all that is refused");
      break;
    case absl::StatusCode::kInvalidArgument:
      Require(taken.input == LaneInput::kMisfit, "a key that fits is mixed in");
      break;
    default:
      Require(absl::IsUnavailable(taken.step.status) && taken.disk_fails,
              "a run begins unless the disk fails");
  }
}

void LanesModel::CheckAnswered(const TakenStep& taken,
                               absl::string_view answer) const {
  Require(taken.step.messages.size() == Count<KeyAgreed>(taken.step.events),
          "an initiator answers no answer, but that it confirms each key");
  if (taken.step.status.ok()) {
    Require(taken.after.waiting + 1 == taken.before.waiting,
            "an answer ends one run");
    const absl::StatusOr<StaleMessage> stale =
        StaleMessage::Parse(AsBytes(answer));
    Require(!stale.ok() || NonceOf(used_, *stale) == stale->nonce,
            "a STALE is obeyed by the run that it answers alone");
    if (taken.input == LaneInput::kLeaked) {
      Require(Count<RunFailed>(taken.step.events) == 1,
              "a leaked static key gives neither keys nor roots");
    }
  } else if (absl::IsUnavailable(taken.step.status)) {
    Require(taken.disk_fails && Count<RunFailed>(taken.step.events) == 1,
            "a root that cannot be stored ends its run");
  } else {
    // Who is restored uses an index again, which answers exist of.
    const bool of_no_run = absl::IsFailedPrecondition(taken.step.status) ||
                           (restored_ && absl::IsDataLoss(taken.step.status));
    Require(of_no_run && NothingChanged(taken),
            "an answer to no run changes nothing");
  }
}

void LanesModel::CheckJump(const TakenStep& taken) const {
  for (const LaneEvent& event : taken.step.events) {
    const auto* refused = std::get_if<JumpRefused>(&event);
    const auto* seen = std::get_if<RollbackDetected>(&event);
    if (refused != nullptr) {
      Require(taken.before.left == taken.after.left,
              "a jump that is refused does not happen");
    }
    if (seen == nullptr) continue;
    Require(seen->from < seen->to, "a jump leads forwards");
    const bool needs_operator =
        seen->to - seen->from > LaneInitiator::kMostJump ||
        seen->to > LaneInitiator::kHalfOfLane;
    Require(Count<JumpRefused>(taken.step.events) == (needs_operator ? 1 : 0),
            "long jumps, and they alone, wait for the operator");
  }
}

void LanesModel::CheckTime(const TakenStep& taken) const {
  Require(taken.step.events.size() == Count<RunFailed>(taken.step.events),
          "with time an initiator's runs fail, and nothing else");
  Require(taken.step.messages.size() <= taken.after.waiting,
          "each run sends its M1 again once");
  CheckResent(taken.step);
}

void LanesModel::CheckResent(const LaneStep& step) const {
  Require(
      std::all_of(
          step.messages.begin(), step.messages.end(),
          [this](const std::string& m1) {
            const auto parsed = M1Message::Parse(AsBytes(m1));
            return parsed.ok() && used_.contains({parsed->lane, parsed->index});
          }),
      "what is sent again was sent before");
}

void LanesModel::NoteM1(absl::string_view bytes) {
  const absl::StatusOr<M1Message> m1 = M1Message::Parse(AsBytes(bytes));
  Require(m1.ok() && m1->index <= kLastLeaf, "an initiator sends M1");
  const auto [used, fresh] =
      used_.try_emplace({m1->lane, m1->index}, std::string(bytes));
  Require(fresh || used->second == bytes, "an index is used once");
}

void LanesModel::NoteConfirm(absl::string_view bytes, const KeyAgreed& agreed) {
  const absl::StatusOr<LaneConfirmMessage> confirm =
      LaneConfirmMessage::Parse(AsBytes(bytes));
  Require(confirm.ok() && confirm->index == agreed.index,
          "a key is confirmed by its index");
  Require(confirms_.try_emplace(std::string(bytes), agreed.key.id).second,
          "a CONFIRM is of one key");
}

void LanesModel::NoteInitiatorEvent(const LaneEvent& event) {
  if (const auto* agreed = std::get_if<KeyAgreed>(&event)) {
    const auto found = agreed_.find(agreed->key.id);
    Require(found != agreed_.end(),
            "the responder has accepted what the initiator finishes");
    const Agreed& theirs = found->second;
    Require(theirs.bytes == AsText(agreed->key.bytes.view()) &&
                theirs.leaf.second == agreed->index &&
                SameTerms(*theirs.terms, *agreed->key.terms),
            "keys and terms under one id agree");
    Require(finished_.insert(agreed->key.id).second,
            "the initiator finishes a run once");
  }
  if (const auto* root = std::get_if<LaneRerooted>(&event)) {
    Require(rerooted_.contains(root->lane),
            "the responder has the initiator's new root");
  }
  if (std::holds_alternative<RollbackDetected>(event)) {
    Require(!promises_.level, "no rollback is reported that was none");
  }
  Require(!std::holds_alternative<KeyLapsed>(event),
          "no key lapses at an initiator");
}

void LanesModel::OnResponder(const TakenStep& taken,
                             absl::string_view message) {
  const LaneStep& step = taken.step;
  LeafName leaf;
  switch (taken.input) {
    case LaneInput::kTime:
      Require(step.messages.empty() &&
                  step.events.size() == Count<KeyLapsed>(step.events),
              "with time keys lapse, and nothing else");
      break;
    case LaneInput::kFalse:
      Require(
          !step.status.ok() && step.messages.empty() && NothingChanged(taken),
          "what does not verify changes nothing, and has no answer");
      break;
    default: {
      if (confirms_.contains(std::string(message))) {
        CheckConfirmed(taken, message);
        break;
      }
      const absl::StatusOr<M1Message> m1 = M1Message::Parse(AsBytes(message));
      if (m1.ok()) leaf = {m1->lane, m1->index};
      CheckM1Taken(taken, message);
    }
  }
  for (const LaneEvent& event : step.events) NoteResponderEvent(event, leaf);
  Require(taken.after.waiting == tentative_.size() &&
              tentative_.size() <= kMostTentative,
          "tentative keys are counted right, and bounded");
  Require(taken.after.medium.size() <= kMostMediumBytes,
          "the state of a responder is bounded");
}

void LanesModel::CheckM1Taken(const TakenStep& taken, absl::string_view m1) {
  const absl::Status& status = taken.step.status;
  if (taken.input == LaneInput::kTrue &&
      (status.ok() || absl::IsFailedPrecondition(status))) {
    CheckM2(taken, m1);
  } else {
    CheckRefused(taken, m1);
  }
  const absl::StatusOr<M1Message> parsed = M1Message::Parse(AsBytes(m1));
  // With the leaf the key of DSKE is gone, even where the disk fails.
  if (parsed.ok() && taken.before.commits != taken.after.commits) {
    fresh_.erase(parsed->fresh);
  }
}

RunStatus LanesModel::Expected(const M1Message& m1) const {
  if (!promises_.same_terms) return RunStatus::kOtherTerms;
  if (m1.purpose == RunPurpose::kKey) return RunStatus::kAccepted;
  const auto found = fresh_.find(m1.fresh);
  const bool usable =
      found != fresh_.end() &&
      (found->second == m1.boot || m1.purpose == RunPurpose::kReroot);
  return usable ? RunStatus::kAccepted : RunStatus::kNoFreshKey;
}

void LanesModel::CheckM2(const TakenStep& taken, absl::string_view m1) {
  const LaneStep& step = taken.step;
  const absl::StatusOr<M2Message> m2 =
      M2Message::Parse(AsBytes(taken.step.message()));
  Require(m2.ok(), "an M1 that is taken gets an M2");
  const auto [answer, fresh] =
      answers_.try_emplace(std::string(m1), step.message());
  if (!fresh) {
    Require(step.status.ok() && answer->second == step.message() &&
                NothingChanged(taken),
            "the same M1 gets the same M2, and nothing happens");
    return;
  }
  const M1Message parsed = *M1Message::Parse(AsBytes(m1));
  Require(m2->status == Expected(parsed) &&
              (m2->status == RunStatus::kAccepted) == step.status.ok(),
          "M2 says what the responder has to think");
  Require(taken.after.commits == taken.before.commits + 1 && !taken.disk_fails,
          "a puncture is durable before its M2 leaves");
  const size_t results =
      Count<KeyAgreed>(step.events) + Count<LaneRerooted>(step.events);
  Require(results == (step.status.ok() ? 1u : 0u),
          "an M1 gives one key or one root, or is refused");
  if (const auto* agreed = Find<KeyAgreed>(step.events)) {
    Require(agreed->key.terms->source == (parsed.purpose == RunPurpose::kMix
                                              ? KeySource::kBoth
                                              : KeySource::kUnmediated),
            "a key is mixed if its M1 says so");
  }
}

void LanesModel::CheckRefused(const TakenStep& taken,
                              absl::string_view m1) const {
  const LaneStep& step = taken.step;
  const bool leaked = taken.input == LaneInput::kLeaked;
  if (absl::IsUnavailable(step.status)) {
    Require(!leaked && taken.disk_fails && step.messages.empty() &&
                taken.before.waiting == taken.after.waiting,
            "where the disk fails there is no answer");
    return;
  }
  Require(!step.status.ok() && NothingChanged(taken),
          "an M1 that is refused without an M2 changes nothing");
  if (absl::IsAlreadyExists(step.status)) {
    const absl::StatusOr<StaleMessage> stale =
        StaleMessage::Parse(AsBytes(step.message()));
    const absl::StatusOr<M1Message> parsed = M1Message::Parse(AsBytes(m1));
    Require(stale.ok() && parsed.ok() && stale->lane == parsed->lane &&
                stale->index == parsed->index &&
                stale->nonce == parsed->nonce && stale->next > stale->index,
            "an M1 of a leaf that is gone gets a STALE of its own");
    return;
  }
  Require(step.messages.empty(), "nothing else has an answer");
  if (leaked) return;
  const bool full = absl::IsResourceExhausted(step.status) &&
                    taken.before.waiting == kMostTentative;
  const bool root_is_gone = absl::IsNotFound(step.status) && !rerooted_.empty();
  Require(full || root_is_gone, "a true M1 is taken if it can be");
}

void LanesModel::CheckConfirmed(const TakenStep& taken,
                                absl::string_view bytes) {
  const LaneConfirmMessage confirm = *LaneConfirmMessage::Parse(AsBytes(bytes));
  const LeafName leaf = {confirm.lane, confirm.index};
  const auto found = std::find_if(
      tentative_.begin(), tentative_.end(),
      [&leaf](const Tentative& waits) { return waits.leaf == leaf; });
  const absl::Status& status = taken.step.status;
  Require(taken.step.messages.empty() && taken.step.events.empty(),
          "a CONFIRM is never answered");
  if (found == tentative_.end()) {
    Require(absl::IsNotFound(status) && NothingChanged(taken),
            "a CONFIRM of no key that waits changes nothing");
  } else if (found->key != confirms_.at(std::string(bytes))) {
    Require(restored_ && absl::IsDataLoss(status) && NothingChanged(taken),
            "a CONFIRM of another run of a leaf changes nothing");
  } else {
    Require(status.ok() && taken.before.commits == taken.after.commits,
            "a key that waits is confirmed by its CONFIRM, in memory");
    tentative_.erase(found);
  }
}

void LanesModel::NoteResponderEvent(const LaneEvent& event,
                                    const LeafName& leaf) {
  if (const auto* agreed = std::get_if<KeyAgreed>(&event)) {
    const bool fresh =
        agreed_
            .try_emplace(
                agreed->key.id,
                Agreed{leaf, std::string(AsText(agreed->key.bytes.view())),
                       agreed->key.terms})
            .second;
    Require(fresh, "no two keys have one id");
    Require(agreed->index == leaf.second && accepted_.insert(leaf).second,
            "an index is accepted once");
    tentative_.push_back({agreed->key.id, leaf});
  }
  if (const auto* lapsed = std::get_if<KeyLapsed>(&event)) {
    const size_t lapses = std::erase_if(
        tentative_,
        [lapsed](const Tentative& waits) { return waits.key == lapsed->key; });
    Require(lapses == 1, "a key lapses once, unless it was confirmed");
  }
  if (const auto* root = std::get_if<LaneRerooted>(&event)) {
    rerooted_.insert(root->lane);
  }
  if (std::holds_alternative<RollbackDetected>(event)) {
    Require(!promises_.level, "no rollback is reported that was none");
  }
}

void LanesModel::OnResponderRestart() {
  tentative_.clear();
  answers_.clear();
  fresh_.clear();
}

void LanesModel::OnInitiatorRestored() {
  restored_ = true;
  promises_.level = false;
  used_.clear();
  OnInitiatorRestart();
}

void LanesModel::OnResponderRestored() {
  restored_ = true;
  promises_.level = false;
  accepted_.clear();
  OnResponderRestart();
}

}  // namespace skex
