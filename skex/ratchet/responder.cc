#include "skex/ratchet/responder.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/psk/mixing.h"

namespace skex {
namespace {

std::array<uint8_t, 32> HashOf(absl::string_view bytes) {
  std::array<uint8_t, 32> hash;
  SHA256(AsBytes(bytes).data(), bytes.size(), hash.data());
  return hash;
}

// Below this no leaf is accepted any more after `m1`.
uint32_t FloorOf(const M1Message& m1) {
  const uint32_t window = m1.index > kLaneWindow ? m1.index - kLaneWindow : 0;
  return std::max(m1.lowest, window);
}

}  // namespace

LaneResponder::LaneResponder(const Options& options, LaneState state)
    : options_(options), state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<LaneResponder>> LaneResponder::Open(
    const Options& options) {
  absl::StatusOr<LaneState> state =
      LoadLane(options.storage, LaneSide::kResponder, options.policy.initiator,
               options.policy.responder);
  if (!state.ok()) return state.status();
  return absl::WrapUnique(new LaneResponder(options, *std::move(state)));
}

bool LaneResponder::Knows(const LaneId& lane) const {
  return std::any_of(state_.lanes.begin(), state_.lanes.end(),
                     [&lane](const Lane& known) { return known.id == lane; }) ||
         std::any_of(
             tentative_.begin(), tentative_.end(),
             [&lane](const Tentative& key) { return key.lane == lane; });
}

absl::Status LaneResponder::OnMessage(absl::Span<const uint8_t> bytes,
                                      const Instant& now) {
  const absl::StatusOr<LaneMessageType> type = LaneMessageTypeOf(bytes);
  if (!type.ok()) return type.status();
  switch (*type) {
    case LaneMessageType::kM1:
      return OnM1(bytes, now);
    case LaneMessageType::kConfirm:
      return OnConfirm(bytes, now);
    case LaneMessageType::kM2:
    case LaneMessageType::kStale:
      break;
  }
  return absl::InvalidArgumentError(
      "lane message: a responder's own kind to a responder");
}

absl::Status LaneResponder::OnM1(absl::Span<const uint8_t> bytes,
                                 const Instant& now) {
  const absl::StatusOr<M1Message> m1 = M1Message::Parse(bytes);
  if (!m1.ok()) return m1.status();
  Lane* const lane = FindLane(m1->lane);
  if (lane == nullptr) {
    return absl::NotFoundError("M1 for no root of this lane");
  }
  if (m1->index > kLastLeaf) {
    return absl::InvalidArgumentError("M1 for a leaf that is never used");
  }
  if (!GateVerifies(*m1, AsText(bytes), lane->gate)) {
    return absl::DataLossError("M1 does not verify");
  }
  OnTime(now);
  if (lane->tree.Covers(m1->index)) {
    return OnFreshM1(*lane, *m1, AsText(bytes), now);
  }
  if (const Answer* answer = FindAnswer(*m1, AsText(bytes))) {
    messages_.push_back(answer->m2);
    return absl::OkStatus();
  }
  const StaleMessage stale = {.lane = m1->lane,
                              .index = m1->index,
                              .nonce = m1->nonce,
                              .next = static_cast<uint32_t>(std::min<uint64_t>(
                                  lane->tree.tail(), kLastLeaf + uint64_t{1}))};
  messages_.push_back(stale.Seal(lane->stale));
  return absl::AlreadyExistsError("the leaf of this M1 is gone");
}

absl::Status LaneResponder::OnFreshM1(Lane& lane, const M1Message& m1,
                                      absl::string_view bytes,
                                      const Instant& now) {
  if (m1.purpose != RunPurpose::kReroot &&
      tentative_.size() >= kMostTentative) {
    return absl::ResourceExhaustedError(
        absl::StrCat(tentative_.size(), " keys wait for their confirmation"));
  }
  const absl::StatusOr<TreeLeaf> leaf = lane.tree.Evaluate(m1.index);
  if (!leaf.ok()) return leaf.status();
  const LeafKeys keys = DeriveLeafKeys(leaf->bytes.view());
  if (!TagVerifies(m1, bytes, keys.tag1)) {
    return absl::DataLossError("M1 does not verify");
  }
  NoteBounds(lane, m1);
  // Consumed whatever comes of the run.
  std::optional<Key> dske = TakeFresh(m1.fresh);
  const RunStatus run = Judge(m1, dske);
  const bool reroots =
      m1.purpose == RunPurpose::kReroot && run == RunStatus::kAccepted;
  std::optional<Lane> new_root;
  if (reroots) {
    new_root =
        Lane::Of(RerootLane(keys.reroot, dske->bytes, options_.policy.initiator,
                            options_.policy.responder));
  }
  absl::Status status = UseUp(m1, *leaf, std::move(new_root));
  if (!status.ok()) return status;

  M2Message m2 = {
      .lane = m1.lane, .index = m1.index, .status = run, .boot = options_.boot};
  options_.entropy->Fill(absl::MakeSpan(m2.nonce));
  const std::string m2_bytes = m2.Seal(keys.tag2, bytes);
  Answered(m1, bytes, m2_bytes, now);
  if (run != RunStatus::kAccepted) {
    return absl::FailedPreconditionError(absl::StrCat(
        "M1 of ", options_.policy.initiator.text(), ": ", RunStatusText(run)));
  }
  if (reroots) return absl::OkStatus();
  absl::StatusOr<Key> key = options_.policy.KeyOfRun(
      keys.key, bytes, m2_bytes, m1.boot, options_.boot, std::move(dske));
  if (!key.ok()) return key.status();
  tentative_.push_back(
      {.key = key->id,
       .lane = m1.lane,
       .index = m1.index,
       .confirmation =
           LaneConfirmMessage{.lane = m1.lane, .index = m1.index}.Seal(
               keys.tag3, bytes, m2_bytes),
       .lapse_at = now.mono + kRunTimeout});
  events_.emplace_back(
      KeyAgreed{*std::move(key), m1.index, absl::ZeroDuration()});
  return absl::OkStatus();
}

void LaneResponder::NoteBounds(const Lane& lane, const M1Message& m1) {
  const uint64_t tail = lane.tree.tail();
  // The initiator has an M2 for what this end does not remember.
  if (m1.finished > tail) {
    ++rollbacks_detected_;
    events_.emplace_back(
        RollbackDetected{static_cast<uint32_t>(tail), m1.finished});
  }
  if (m1.lowest > tail) skipped_leaves_ += m1.lowest - tail;
}

RunStatus LaneResponder::Judge(const M1Message& m1,
                               const std::optional<Key>& dske) const {
  const LanePolicy& policy = options_.policy;
  if (m1.context != policy.ContextHash() || !policy.Allows(m1.purpose)) {
    return RunStatus::kOtherTerms;
  }
  if (m1.purpose == RunPurpose::kKey) return RunStatus::kAccepted;
  if (!dske.has_value()) return RunStatus::kNoFreshKey;
  if (m1.purpose == RunPurpose::kMix &&
      !CheckMixing(*dske, *policy.Terms(m1.boot, options_.boot)).ok()) {
    return RunStatus::kNoFreshKey;
  }
  return RunStatus::kAccepted;
}

absl::Status LaneResponder::UseUp(const M1Message& m1, const TreeLeaf& leaf,
                                  std::optional<Lane> new_root) {
  // Only an initiator that has left the older root can send on the newer one.
  if (state_.lanes.size() == 2 && state_.lanes.back().id == m1.lane) {
    DropOlder();
  }
  Lane& lane = *FindLane(m1.lane);
  lane.tree.Puncture(leaf);
  lane.tree.PunctureBelow(FloorOf(m1));
  const bool reroots = new_root.has_value();
  std::optional<Lane> displaced;
  if (reroots) displaced = InstallRoot(*std::move(new_root));
  const absl::Status status = options_.storage->Commit(state_.Encode().view());
  if (!reroots) return status;
  if (status.ok()) {
    events_.emplace_back(LaneRerooted{state_.lanes.back().id});
  } else {
    state_.lanes.pop_back();
    if (displaced.has_value()) state_.lanes.push_back(*std::move(displaced));
  }
  return status;
}

void LaneResponder::DropOlder() {
  const LaneId older = state_.lanes.front().id;
  state_.lanes.erase(state_.lanes.begin());
  std::erase_if(answers_, [&older](const Answer& answer) {
    return answer.lane == older;
  });
  events_.emplace_back(LaneErased{older});
}

std::optional<Lane> LaneResponder::InstallRoot(Lane root) {
  std::optional<Lane> displaced;
  if (state_.lanes.size() == 2) {
    displaced = std::move(state_.lanes.back());
    state_.lanes.pop_back();
  }
  state_.lanes.push_back(std::move(root));
  return displaced;
}

void LaneResponder::Answered(const M1Message& m1, absl::string_view m1_bytes,
                             std::string m2, const Instant& now) {
  // What is below the floor nobody waits for any more.
  const uint32_t floor = FloorOf(m1);
  std::erase_if(answers_, [&](const Answer& answer) {
    return answer.lane == m1.lane && answer.index < floor;
  });
  messages_.push_back(m2);
  answers_.push_back({m1.lane, m1.index, HashOf(m1_bytes), std::move(m2),
                      now.mono + kRunTimeout});
}

absl::Status LaneResponder::OnConfirm(absl::Span<const uint8_t> bytes,
                                      const Instant& now) {
  const absl::StatusOr<LaneConfirmMessage> confirm =
      LaneConfirmMessage::Parse(bytes);
  if (!confirm.ok()) return confirm.status();
  OnTime(now);
  const auto found = std::find_if(tentative_.begin(), tentative_.end(),
                                  [&](const Tentative& tentative) {
                                    return tentative.lane == confirm->lane &&
                                           tentative.index == confirm->index;
                                  });
  if (found == tentative_.end()) {
    return absl::NotFoundError("CONFIRM for no key that waits for it");
  }
  if (!EqualInConstantTime(bytes, AsBytes(found->confirmation))) {
    return absl::DataLossError("CONFIRM does not verify");
  }
  tentative_.erase(found);
  return absl::OkStatus();
}

absl::Status LaneResponder::AddFreshKey(Key key, const Instant& now) {
  absl::Status status = options_.policy.CheckFreshKey(key);
  if (!status.ok()) return status;
  if (FindFresh(key.id) != fresh_keys_.end()) {
    return absl::AlreadyExistsError(
        absl::StrCat("key ", key.id.Hex(), " is here already"));
  }
  if (fresh_keys_.size() >= kMostFreshKeys) {
    fresh_keys_.erase(fresh_keys_.begin());
  }
  const absl::Duration forget_at = now.mono + key.terms->lifetime;
  fresh_keys_.push_back({std::move(key), forget_at});
  return absl::OkStatus();
}

void LaneResponder::OnTime(const Instant& now) {
  while (!tentative_.empty() && tentative_.front().lapse_at <= now.mono) {
    events_.emplace_back(KeyLapsed{tentative_.front().key});
    tentative_.pop_front();
  }
  while (!answers_.empty() && answers_.front().forget_at <= now.mono) {
    answers_.pop_front();
  }
  std::erase_if(fresh_keys_, [&now](const FreshKey& fresh) {
    return fresh.forget_at <= now.mono;
  });
}

std::optional<absl::Duration> LaneResponder::NextTime() const {
  std::optional<absl::Duration> next;
  const auto note = [&next](absl::Duration due) {
    if (!next.has_value() || due < *next) next = due;
  };
  if (!tentative_.empty()) note(tentative_.front().lapse_at);
  if (!answers_.empty()) note(answers_.front().forget_at);
  for (const FreshKey& fresh : fresh_keys_) note(fresh.forget_at);
  return next;
}

Lane* LaneResponder::FindLane(const LaneId& id) {
  for (Lane& lane : state_.lanes) {
    if (lane.id == id) return &lane;
  }
  return nullptr;
}

const LaneResponder::Answer* LaneResponder::FindAnswer(
    const M1Message& m1, absl::string_view bytes) const {
  const auto found =
      std::find_if(answers_.begin(), answers_.end(), [&](const Answer& answer) {
        return answer.lane == m1.lane && answer.index == m1.index;
      });
  if (found == answers_.end() || found->m1_hash != HashOf(bytes)) {
    return nullptr;
  }
  return &*found;
}

std::vector<LaneResponder::FreshKey>::iterator LaneResponder::FindFresh(
    const KeyId& id) {
  return std::find_if(
      fresh_keys_.begin(), fresh_keys_.end(),
      [&id](const FreshKey& fresh) { return fresh.key.id == id; });
}

std::optional<Key> LaneResponder::TakeFresh(const KeyId& id) {
  const auto found = FindFresh(id);
  if (found == fresh_keys_.end()) return std::nullopt;
  Key key = std::move(found->key);
  fresh_keys_.erase(found);
  return key;
}

std::vector<std::string> LaneResponder::TakeMessages() {
  return std::exchange(messages_, {});
}

std::vector<LaneEvent> LaneResponder::TakeEvents() {
  return std::exchange(events_, {});
}

}  // namespace skex
