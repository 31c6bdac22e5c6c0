// Both ends of a lane, with all that a network, an attacker, a disk, crashes
// and backups can do to them: messages are lost, held back, repeated, changed
// and sent to the wrong end, durable writes fail with and without effect, ends
// die and come back. A model of what they promise judges every step. At the end
// a fresh run must succeed.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/responder.h"
#include "tests/fuzz/lanes_model.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

using Fault = FakeLaneStorage::Fault;

constexpr uint64_t kSeed = 1;
constexpr int kMostAttempts = 4;

// Where a lane begins: the first leaf that each end still has.
struct Setting {
  uint32_t initiator_first;
  uint32_t responder_first;
  bool same_terms = true;
};
constexpr Setting kSettings[] = {
    {0, 0},
    // The initiator is taken to where its first claim ends.
    {0, kLaneWindow - 2},
    // Restored backups: a jump, one that waits for the operator, one of the
    // other end.
    {5, 2000},
    {0, LaneInitiator::kMostJump + 2},
    {LaneInitiator::kHalfOfLane - 9, LaneInitiator::kHalfOfLane + 9},
    {3000, 0},
    // The end of the lane.
    {kLastLeaf - 2, kLastLeaf - 2},
    {0, 0, /*same_terms=*/false},
};

// What a step does. `which` names a message, counted back from the newest; the
// low bits of `value` say what becomes of a durable write of the step, and
// whether the end dies in it.
enum What : uint8_t {
  kStart,
  kReroot,    // with a fresh key that both ends have, or with an odd `who` one
  kFreshKey,  // the responder gets a key that nobody re-roots with
  kDeliver,
  kDeliverNewest,  // so that a run does not depend on what is counted
  kMisdeliver,     // to the end that sent it
  kChanged,        // byte `who` xor `value`
  kResized,        // `value` bytes, or one more than it has
  kLeakedGate,     // byte `who` changed, the gate made anew
  kLeakedStale,    // for an M1, with any `next`
  kTime,           // `value` / 8 seconds
  kConfirm,        // key `which` of those that wait, or any other
  kCrash,          // the initiator, or with an odd `who` the responder
  kBackUp,         // likewise
  kRestore,        // likewise
  kAllowJump,
  kWhats,
};

FakeLaneStorage StorageFrom(LaneSide side, uint32_t first) {
  const LanePolicy policy = FakeLanePolicy();
  LaneState state = {.side = side,
                     .initiator = policy.initiator,
                     .responder = policy.responder};
  state.lanes.push_back(Lane::Of(
      SplitRoot(FakeRoot(kSeed), policy.initiator, policy.responder).outgoing));
  state.lanes.back().tree.PunctureBelow(first);
  FakeLaneStorage storage;
  storage.state = std::string(AsText(state.Encode().view()));
  return storage;
}

LanesModel::Promises PromisesOf(const Setting& setting) {
  return {.same_terms = setting.same_terms,
          .level = setting.initiator_first == setting.responder_first};
}

bool IsM1(absl::string_view message) {
  return M1Message::Parse(AsBytes(message)).ok();
}

class LanesFuzz {
 public:
  explicit LanesFuzz(uint8_t setting)
      : setting_(kSettings[setting % std::size(kSettings)]),
        leaked_(SplitRoot(FakeRoot(kSeed), FakeLanePolicy().initiator,
                          FakeLanePolicy().responder)
                    .outgoing),
        lane_(kSeed,
              StorageFrom(LaneSide::kInitiator, setting_.initiator_first),
              StorageFrom(LaneSide::kResponder, setting_.responder_first)),
        backups_({lane_.initiator_storage, lane_.responder_storage}),
        model_(PromisesOf(setting_)) {
    leaked_.root.Clear();
    if (!setting_.same_terms) {
      lane_.responder_policy.use_limit = 7;
      Require(lane_.RestartResponder().ok(), "the lane can be opened");
    }
  }

  void Do(const Step& step) {
    const bool at_responder = step.who % 2 == 1;
    switch (step.what % kWhats) {
      case kStart:
        AtInitiator(LaneInput::kStart, step, [this] { return lane_.Start(); });
        break;
      case kReroot:
        Reroot(step);
        break;
      case kFreshKey:
        lane_.responder->AddFreshKey(FakeFreshKey(++fresh_keys_), lane_.now)
            .IgnoreError();
        break;
      case kTime:
        Pass(absl::Seconds(step.value / 8));
        break;
      case kConfirm:
        Confirm(step);
        break;
      case kCrash:
        Crash(at_responder);
        break;
      case kBackUp:
        backups_[at_responder ? 1 : 0] = Storage(at_responder);
        break;
      case kRestore:
        Restore(at_responder);
        break;
      case kAllowJump:
        lane_.initiator->AllowJump().IgnoreError();
        break;
      default:
        if (!sent_.empty()) Send(step);
    }
  }

  // Nobody is wedged, whatever has happened.
  void RequireRecovery() {
    const bool used_up = setting_.initiator_first > kLastLeaf - kLaneWindow;
    if (used_up || !model_.MustRecover()) return;
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
      lane_.Pass(kRunTimeout);
      if (lane_.Run()) return;
      lane_.initiator->AllowJump().IgnoreError();
    }
    Require(false, "a fresh run succeeds on a network that loses nothing");
  }

 private:
  FakeLaneStorage& Storage(bool at_responder) {
    return at_responder ? lane_.responder_storage : lane_.initiator_storage;
  }
  const std::string& MessageOf(const Step& step) const {
    return sent_[sent_.size() - 1 - step.which % sent_.size()];
  }

  EndView View(bool at_responder) {
    return at_responder
               ? EndView::Of(*lane_.responder, lane_.responder_storage)
               : EndView::Of(*lane_.initiator, lane_.initiator_storage);
  }

  // Makes one end do something, with what the step says of its disk.
  template <class Action>
  TakenStep Take(bool at_responder, LaneInput input, const Step& step,
                 Action action) {
    constexpr Fault kFaults[] = {Fault::kNone, Fault::kNone,
                                 Fault::kBeforeCommit, Fault::kAfterCommit};
    FakeLaneStorage& storage = Storage(at_responder);
    TakenStep taken = {.input = input, .before = View(at_responder)};
    storage.fault = kFaults[step.value % std::size(kFaults)];
    taken.step = action();
    taken.disk_fails = storage.fault != Fault::kNone;
    storage.fault = Fault::kNone;
    taken.after = View(at_responder);
    return taken;
  }

  // What has to follow a step: whoever dies sends nothing.
  void Follow(bool at_responder, const Step& step, const TakenStep& taken) {
    if (step.value & 4) {
      Crash(at_responder);
      return;
    }
    for (const std::string& message : taken.step.messages) {
      if (std::find(sent_.begin(), sent_.end(), message) == sent_.end()) {
        sent_.push_back(message);
      }
    }
  }

  template <class Action>
  void AtInitiator(LaneInput input, const Step& step, Action action,
                   absl::string_view answer = "") {
    const TakenStep taken = Take(false, input, step, action);
    model_.OnInitiator(taken, answer);
    Follow(false, step, taken);
  }

  void ToInitiator(LaneInput input, absl::string_view message,
                   const Step& step) {
    AtInitiator(
        input, step, [&] { return lane_.ToInitiator(message); }, message);
  }

  void ToResponder(LaneInput input, absl::string_view message,
                   const Step& step) {
    const TakenStep taken =
        Take(true, input, step, [&] { return lane_.ToResponder(message); });
    model_.OnResponder(taken, message);
    Follow(true, step, taken);
  }

  void Deliver(LaneInput input, absl::string_view message, const Step& step,
               bool to_responder) {
    if (to_responder) {
      ToResponder(input, message, step);
    } else {
      ToInitiator(input, message, step);
    }
  }

  void Reroot(const Step& step) {
    const uint64_t number = ++fresh_keys_;
    if (step.who % 2 == 0) {
      lane_.responder->AddFreshKey(FakeFreshKey(number), lane_.now)
          .IgnoreError();
    }
    AtInitiator(LaneInput::kReroot, step,
                [&] { return lane_.Reroot(FakeFreshKey(number)); });
  }

  void Send(const Step& step) {
    // A copy: what is sent is added to the messages.
    std::string message = MessageOf(step);
    const bool is_m1 = IsM1(message);
    // What it costs to be careful with these is not the disk's.
    const Step no_fault = {};
    switch (step.what % kWhats) {
      case kDeliver:
        Deliver(LaneInput::kTrue, message, step, is_m1);
        break;
      case kDeliverNewest:
        Deliver(LaneInput::kTrue, sent_.back(), step, IsM1(sent_.back()));
        break;
      case kMisdeliver:
        Deliver(LaneInput::kFalse, message, step, !is_m1);
        break;
      case kChanged:
        message[step.who % message.size()] ^=
            static_cast<char>(step.value == 0 ? 1 : step.value);
        Deliver(LaneInput::kFalse, message, no_fault, is_m1);
        break;
      case kResized:
        message.resize(step.value < message.size() ? step.value
                                                   : message.size() + 1);
        Deliver(LaneInput::kFalse, message, no_fault, is_m1);
        break;
      case kLeakedGate:
        if (is_m1) SendWithLeakedGate(std::move(message), step);
        break;
      default:
        if (is_m1) SendWithLeakedStale(message, step);
    }
  }

  void SendWithLeakedGate(std::string message, const Step& step) {
    model_.OnLeak();
    const size_t body = message.size() - kGateTagSize;
    message[step.who % body] ^=
        static_cast<char>(step.value == 0 ? 1 : step.value);
    const RunTag gate = ComputeRunTag(
        leaked_.gate, {absl::string_view(message).substr(0, body)});
    std::copy_n(gate.begin(), kGateTagSize, message.begin() + body);
    ToResponder(LaneInput::kLeaked, message, Step());
  }

  void SendWithLeakedStale(absl::string_view message, const Step& step) {
    model_.OnLeak();
    const M1Message m1 = *M1Message::Parse(AsBytes(message));
    const StaleMessage stale = {
        .lane = m1.lane,
        .index = m1.index,
        .nonce = m1.nonce,
        .next = m1.index + (uint32_t{step.value} << step.who % 25)};
    const std::string sealed = stale.Seal(leaked_.stale);
    // Of another root's stale key nothing is known.
    ToInitiator(m1.lane == leaked_.id ? LaneInput::kLeaked : LaneInput::kFalse,
                sealed, Step());
  }

  void Pass(absl::Duration time) {
    TakenStep initiator = {.input = LaneInput::kTime, .before = View(false)};
    TakenStep responder = {.input = LaneInput::kTime, .before = View(true)};
    std::tie(initiator.step, responder.step) = lane_.Pass(time);
    initiator.after = View(false);
    responder.after = View(true);
    model_.OnInitiator(initiator, "");
    model_.OnResponder(responder, "");
    Follow(false, Step(), initiator);
    RequireNextTime(lane_.initiator->NextTime(),
                    lane_.initiator->outstanding() > 0, kRunTimeout);
    // A fresh key waits as long as it lives.
    RequireNextTime(lane_.responder->NextTime(),
                    lane_.responder->tentative() > 0, absl::Hours(1));
  }

  void RequireNextTime(const std::optional<absl::Duration>& next, bool waits,
                       absl::Duration most) const {
    Require(next.has_value() || !waits, "what waits has a time");
    Require(!next.has_value() ||
                (*next > lane_.now.mono && *next <= lane_.now.mono + most),
            "what is due next is ahead, and not for ever");
  }

  void Confirm(const Step& step) {
    const std::vector<KeyId>& waiting = model_.tentative();
    KeyId id;
    if (!waiting.empty() && step.value % 4 != 0) {
      id = waiting[step.which % waiting.size()];
    }
    model_.OnConfirm(id, lane_.responder->Confirm(id));
  }

  void Crash(bool at_responder) {
    if (at_responder) {
      Require(lane_.RestartResponder().ok(), "a responder comes back");
      model_.OnResponderRestart();
    } else {
      Require(lane_.RestartInitiator().ok(), "an initiator comes back");
      model_.OnInitiatorRestart();
    }
  }

  void Restore(bool at_responder) {
    Storage(at_responder) = backups_[at_responder ? 1 : 0];
    if (at_responder) {
      model_.OnResponderRestored();
    } else {
      model_.OnInitiatorRestored();
    }
    Crash(at_responder);
  }

  const Setting setting_;
  LaneSecrets leaked_;  // the first root's static keys
  FakeLane lane_;
  std::array<FakeLaneStorage, 2> backups_;  // initiator, responder
  LanesModel model_;
  std::vector<std::string> sent_;
  uint64_t fresh_keys_ = 1000;
};

}  // namespace
}  // namespace skex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skex::Steps steps(data, size);
  skex::LanesFuzz fuzz(steps.setting());
  for (skex::Step step; steps.Next(step);) fuzz.Do(step);
  fuzz.RequireRecovery();
  return 0;
}
