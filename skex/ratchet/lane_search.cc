#include "skex/ratchet/lane_search.h"

#include <algorithm>
#include <unordered_set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/responder.h"

namespace skex {
namespace {

using Fault = FakeLaneStorage::Fault;
using Kind = SearchStep::Kind;

constexpr int kMostAttempts = 4;

uint64_t Hash(absl::string_view bytes) {
  return std::hash<std::string>()(std::string(bytes));
}

bool IsM1(absl::string_view message) {
  return M1Message::Parse(AsBytes(message)).ok();
}

bool IsConfirm(absl::string_view message) {
  return LaneConfirmMessage::Parse(AsBytes(message)).ok();
}

absl::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kRun:
      return "run";
    case Kind::kReroot:
      return "re-root";
    case Kind::kMix:
      return "mix";
    case Kind::kDeliver:
      return "deliver";
    case Kind::kGiveUp:
      return "give up";
    case Kind::kCrashInitiator:
      return "crash initiator";
    case Kind::kCrashResponder:
      return "crash responder";
    case Kind::kRestoreInitiator:
      return "restore initiator";
    case Kind::kRestoreResponder:
      return "restore responder";
  }
  return "";
}

using Path = std::vector<SearchStep>;

// The same way, but for a failure of the durable write in its last step.
void AddFaults(const Path& path, std::vector<Path>& level) {
  if (path.back().fault != Fault::kNone) return;
  for (const Fault fault : {Fault::kBeforeCommit, Fault::kAfterCommit}) {
    for (const bool dies : {false, true}) {
      level.push_back(path);
      level.back().back().fault = fault;
      level.back().back().dies = dies;
    }
  }
}

// What a step changes of an end's memory: nothing of the order in which
// messages were sent.
std::string Remembered(const SearchStep& step, absl::string_view message) {
  return absl::StrCat(KindName(step.kind), " ", Hash(message), " ",
                      static_cast<int>(step.fault), ";");
}

}  // namespace

std::string Describe(const std::vector<SearchStep>& steps) {
  std::vector<std::string> texts;
  for (const SearchStep& step : steps) {
    std::string text(KindName(step.kind));
    if (step.kind == Kind::kDeliver) absl::StrAppend(&text, " ", step.message);
    if (step.fault == Fault::kBeforeCommit) text += ", write fails";
    if (step.fault == Fault::kAfterCommit) text += ", write seems to fail";
    if (step.dies) text += ", end dies";
    texts.push_back(std::move(text));
  }
  return absl::StrJoin(texts, "; ");
}

SearchWorld::SearchWorld(const SearchStart& start)
    : start_(start),
      lane_(1, start.initiator, start.responder, start.policy),
      sent_(start.recorded) {}

void SearchWorld::Take(const SearchStep& step) {
  bool at_initiator = true;
  committed_ = false;
  switch (step.kind) {
    case Kind::kCrashInitiator:
    case Kind::kCrashResponder:
      Crash(step.kind == Kind::kCrashInitiator);
      return;
    case Kind::kRestoreInitiator:
    case Kind::kRestoreResponder:
      Restore(step.kind == Kind::kRestoreInitiator);
      return;
    case Kind::kGiveUp:
      lane_.Pass(kRunTimeout);
      initiator_memory_ += Remembered(step, "");
      responder_memory_ += Remembered(step, "");
      return;
    case Kind::kDeliver:
      at_initiator = !IsM1(sent_[step.message]);
      break;
    case Kind::kRun:
    case Kind::kReroot:
    case Kind::kMix:
      break;
  }
  FakeLaneStorage& storage =
      at_initiator ? lane_.initiator_storage : lane_.responder_storage;
  const uint64_t commits = storage.commits;
  const Fault usual = storage.fault;
  if (step.fault != Fault::kNone) storage.fault = step.fault;
  const LaneStep taken =
      at_initiator ? TakeAtInitiator(step) : TakeAtResponder(step);
  storage.fault = usual;
  committed_ = storage.commits != commits;
  if (at_initiator) {
    NoteInitiator(taken);
  } else {
    NoteResponder(taken);
  }
  if (step.dies) {
    // In the write: nothing that would have followed has happened.
    Crash(at_initiator);
  } else {
    Send(taken.messages);
  }
}

LaneStep SearchWorld::TakeAtInitiator(const SearchStep& step) {
  if (step.kind == Kind::kDeliver) {
    const std::string& message = sent_[step.message];
    LaneStep taken = lane_.ToInitiator(message);
    if (taken.status.ok() || !taken.events.empty()) {
      initiator_memory_ += Remembered(step, message);
    }
    return taken;
  }
  initiator_memory_ += Remembered(step, absl::StrCat(reroots_, " ", mixes_));
  if (step.kind == Kind::kRun) {
    ++runs_;
    return lane_.Start();
  }
  // Both ends have the key of DSKE when the initiator begins.
  const bool mixes = step.kind == Kind::kMix;
  const uint64_t seed = mixes ? 2000 + ++mixes_ : 1000 + ++reroots_;
  const auto key = [&] {
    return mixes ? lane_.FakeDskeKey(seed) : FakeFreshKey(seed);
  };
  lane_.responder->AddFreshKey(key(), lane_.now).IgnoreError();
  responder_memory_ += Remembered(step, absl::StrCat(seed));
  return mixes ? lane_.Mix(key()) : lane_.Reroot(key());
}

LaneStep SearchWorld::TakeAtResponder(const SearchStep& step) {
  const std::string& message = sent_[step.message];
  const uint64_t commits = lane_.responder_storage.commits;
  LaneStep taken = lane_.ToResponder(message);
  if (lane_.responder_storage.commits != commits) {
    responder_memory_ += Remembered(step, message);
  }
  return taken;
}

void SearchWorld::Crash(bool initiator) {
  const absl::Status status =
      initiator ? lane_.RestartInitiator() : lane_.RestartResponder();
  if (!status.ok()) Violate(status.message());
  const FakeLaneStorage& storage =
      initiator ? lane_.initiator_storage : lane_.responder_storage;
  std::string& memory = initiator ? initiator_memory_ : responder_memory_;
  // The random bytes differ with each start, and nothing else does.
  const size_t starts = std::count(memory.begin(), memory.end(), '!') + 1;
  memory = absl::StrCat(std::string(starts, '!'), Hash(*storage.state), ";");
}

void SearchWorld::Restore(bool initiator) {
  if (initiator) {
    lane_.initiator_storage.state = start_.initiator_backup->state;
    initiator_restored_ = true;
    used_.clear();
  } else {
    lane_.responder_storage.state = start_.responder_backup->state;
    responder_restored_ = true;
    accepted_.clear();
  }
  Crash(initiator);
}

void SearchWorld::NoteInitiator(const LaneStep& step) {
  for (const std::string& message : step.messages) {
    if (IsConfirm(message)) continue;
    const M1Message m1 = *M1Message::Parse(AsBytes(message));
    const auto [used, fresh] = used_.try_emplace({m1.lane, m1.index}, message);
    if (!fresh && used->second != message) {
      Violate(absl::StrCat("the initiator uses index ", m1.index, " again"));
    }
  }
  for (const LaneEvent& event : step.events) {
    if (const auto* key = std::get_if<KeyAgreed>(&event)) {
      const auto found = agreed_.find(key->key.id);
      if (found == agreed_.end()) {
        Violate("the initiator finished what the responder did not accept");
      } else if (found->second != AsText(key->key.bytes.view())) {
        Violate("the two ends have different keys under one id");
      }
    }
    if (const auto* root = std::get_if<LaneRerooted>(&event)) {
      if (!rerooted_.contains(root->lane)) {
        Violate("the initiator has a new root that the responder has not");
      }
    }
  }
}

void SearchWorld::NoteResponder(const LaneStep& step) {
  for (const LaneEvent& event : step.events) {
    if (const auto* key = std::get_if<KeyAgreed>(&event)) {
      agreed_[key->key.id] = std::string(AsText(key->key.bytes.view()));
    }
    if (const auto* root = std::get_if<LaneRerooted>(&event)) {
      rerooted_.insert(root->lane);
    }
    const auto* key = std::get_if<KeyAgreed>(&event);
    if (key == nullptr || step.messages.empty()) continue;
    const M2Message m2 = *M2Message::Parse(AsBytes(step.messages.back()));
    if (!accepted_.insert({m2.lane, m2.index}).second) {
      Violate(absl::StrCat("the responder accepts index ", m2.index, " again"));
    }
  }
}

void SearchWorld::Send(const std::vector<std::string>& messages) {
  for (const std::string& message : messages) {
    if (!IsConfirm(message) &&
        std::find(sent_.begin(), sent_.end(), message) == sent_.end()) {
      sent_.push_back(message);
    }
  }
}

void SearchWorld::Violate(absl::string_view what) {
  if (violation_.empty()) violation_ = std::string(what);
}

std::vector<SearchStep> SearchWorld::Steps() const {
  std::vector<SearchStep> steps;
  if (runs_ < start_.most_runs) steps.push_back({Kind::kRun});
  if (reroots_ < start_.most_reroots) steps.push_back({Kind::kReroot});
  if (mixes_ < start_.most_mixes) steps.push_back({Kind::kMix});
  for (size_t i = 0; i < sent_.size(); ++i) {
    steps.push_back({Kind::kDeliver, i});
  }
  if (lane_.initiator->outstanding() > 0) steps.push_back({Kind::kGiveUp});
  steps.push_back({Kind::kCrashInitiator});
  steps.push_back({Kind::kCrashResponder});
  if (start_.initiator_backup.has_value() && !initiator_restored_) {
    steps.push_back({Kind::kRestoreInitiator});
  }
  if (start_.responder_backup.has_value() && !responder_restored_) {
    steps.push_back({Kind::kRestoreResponder});
  }
  return steps;
}

std::string SearchWorld::Fingerprint() const {
  std::vector<uint64_t> sent;
  for (const std::string& message : sent_) sent.push_back(Hash(message));
  std::sort(sent.begin(), sent.end());
  std::string text =
      absl::StrCat(initiator_memory_, "|", responder_memory_, "|",
                   absl::StrJoin(sent, ","), "|", runs_, " ", reroots_, " ",
                   mixes_, initiator_restored_, responder_restored_, "|");
  for (const auto& [leaf, m1] : used_) {
    absl::StrAppend(&text, leaf.first.Hex(), leaf.second, Hash(m1), ",");
  }
  for (const auto& [lane, index] : accepted_) {
    absl::StrAppend(&text, lane.Hex(), index, ",");
  }
  for (const auto& [id, key] : agreed_) absl::StrAppend(&text, id.Hex());
  for (const LaneId& lane : rerooted_) absl::StrAppend(&text, lane.Hex());
  return text;
}

bool SearchWorld::Recovers() {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    lane_.Pass(kRunTimeout);
    const bool alone = start_.policy.Allows(RunPurpose::kKey);
    if (alone ? lane_.Run() : lane_.MixedRun(3000 + attempt)) return true;
  }
  return false;
}

// What is wrong in a state; empty if nothing. Ends the world.
std::string Verdict(SearchWorld& world) {
  if (world.violation().empty() && !world.Recovers()) {
    return "no fresh run succeeds any more";
  }
  return world.violation();
}

SearchResult Search(const SearchStart& start, size_t depth) {
  SearchResult result;
  std::unordered_set<std::string> seen;
  std::vector<Path> level = {{}};
  for (size_t at = 0; at <= depth; ++at) {
    std::vector<Path> next;
    for (size_t i = 0; i < level.size(); ++i) {
      const Path path = level[i];
      // The machines cannot be copied, so the way here is taken again.
      SearchWorld world(start);
      for (const SearchStep& step : path) world.Take(step);
      if (world.committed() && !start.WithoutWrites()) {
        AddFaults(path, level);
      }
      if (!seen.insert(world.Fingerprint()).second) continue;
      ++result.states;
      for (const SearchStep& step : world.Steps()) {
        next.push_back(path);
        next.back().push_back(step);
      }
      result.violation = Verdict(world);
      if (!result.violation.empty()) {
        result.steps = path;
        return result;
      }
    }
    level = std::move(next);
  }
  return result;
}

}  // namespace skex
