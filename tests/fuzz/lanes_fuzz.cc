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
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"
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
#include "tests/fuzz/lanes_setting.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

using Fault = FakeLaneStorage::Fault;

constexpr int kMostAttempts = 4;

// What a step does. `which` names a message, counted back from the newest; the
// low bits of `value` say what becomes of a durable write of the step, and
// whether the end dies in it. Steps are added at the end, and CONFIRMs counted
// apart, so that inputs of before still say the same.
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
  kConfirm,        // CONFIRM `which`, true, changed, cut or to the wrong end
  kCrash,          // the initiator, or with an odd `who` the responder
  kBackUp,         // likewise
  kRestore,        // likewise
  kAllowJump,
  kMix,        // with a key of DSKE that both ends have; `who` may bend that
  kConnected,  // there is a new way to the responder
  kWhats,
};

// The same key, but of the other direction: no key of this lane mixes with it.
Key Turned(Key key) {
  KeyTerms terms = *key.terms;
  std::swap(terms.initiator, terms.responder);
  key.terms = std::make_shared<const KeyTerms>(std::move(terms));
  return key;
}

bool IsM1(absl::string_view message) {
  return M1Message::Parse(AsBytes(message)).ok();
}

// Adds what is not there yet.
void Add(const std::string& message, std::vector<std::string>& messages) {
  if (std::find(messages.begin(), messages.end(), message) == messages.end()) {
    messages.push_back(message);
  }
}

class LanesFuzz {
 public:
  explicit LanesFuzz(uint8_t setting)
      : setting_(LanesSetting::Of(setting)),
        leaked_(LanesSetting::Secrets()),
        lane_(LanesSetting::kSeed, setting_.Storage(LaneSide::kInitiator),
              setting_.Storage(LaneSide::kResponder), setting_.Policy()),
        backups_({lane_.initiator_storage, lane_.responder_storage}),
        model_(setting_.Promises()) {
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
      case kMix:
        Mix(step);
        break;
      case kFreshKey:
        AddAtResponder(FakeFreshKey(++fresh_keys_), std::nullopt);
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
      case kConnected:
        AtInitiator(LaneInput::kConnected, Step(), [this] {
          lane_.initiator->OnConnected(lane_.now);
          return LaneStep{absl::OkStatus(), lane_.initiator->TakeMessages(),
                          lane_.initiator->TakeEvents()};
        });
        break;
      default:
        if (!sent_.empty()) Send(step);
    }
  }

  // Nobody is wedged, whatever has happened.
  void RequireRecovery() {
    if (setting_.IsUsedUp() || !model_.MustRecover()) return;
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
      lane_.Pass(kRunTimeout);
      const bool alone = lane_.initiator_policy.Allows(RunPurpose::kKey);
      if (alone ? lane_.Run() : lane_.MixedRun(++fresh_keys_)) return;
      lane_.initiator->AllowJump().IgnoreError();
    }
    Require(false, "a fresh run succeeds on a network that loses nothing");
  }

 private:
  FakeLaneStorage& Storage(bool at_responder) {
    return at_responder ? lane_.responder_storage : lane_.initiator_storage;
  }
  static const std::string& Named(const std::vector<std::string>& messages,
                                  const Step& step) {
    return messages[messages.size() - 1 - step.which % messages.size()];
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
      Add(message, message.size() == kConfirmSize ? confirms_ : sent_);
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

  void AddAtResponder(Key key, std::optional<BootId> fits) {
    model_.OnFreshKey(key.id, fits);
    Require(lane_.responder->AddFreshKey(std::move(key), lane_.now).ok(),
            "a responder takes a key of DSKE of the two agents");
  }

  void Reroot(const Step& step) {
    const uint64_t number = ++fresh_keys_;
    if (step.who % 2 == 0) AddAtResponder(FakeFreshKey(number), std::nullopt);
    AtInitiator(LaneInput::kReroot, step,
                [&] { return lane_.Reroot(FakeFreshKey(number)); });
  }

  void Mix(const Step& step) {
    // One of eight times with the key of before once more, which no honest
    // initiator has.
    const uint64_t number = step.who % 8 == 6 ? fresh_keys_ : ++fresh_keys_;
    const auto key = [&] { return lane_.FakeDskeKey(number); };
    switch (step.who % 4) {
      case 0:
        AddAtResponder(key(), lane_.initiator_boot);
        break;
      case 1:
        AddAtResponder(Turned(key()), std::nullopt);
        break;
      case 2:
        break;
      default:
        AtInitiator(LaneInput::kMisfit, step,
                    [&] { return lane_.Mix(Turned(key())); });
        return;
    }
    AtInitiator(LaneInput::kMix, step, [&] { return lane_.Mix(key()); });
  }

  void Send(const Step& step) {
    // A copy: what is sent is added to the messages.
    std::string message = Named(sent_, step);
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
    if (confirms_.empty()) return;
    std::string message = Named(confirms_, step);
    switch (step.value % 4) {
      case 0:
        message[step.who % message.size()] ^=
            static_cast<char>(step.value == 0 ? 1 : step.value);
        ToResponder(LaneInput::kFalse, message, Step());
        break;
      case 1:
        ToResponder(LaneInput::kTrue, message, step);
        break;
      case 2:
        ToInitiator(LaneInput::kFalse, message, Step());
        break;
      default:
        message.resize(step.who % message.size());
        ToResponder(LaneInput::kFalse, message, Step());
    }
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

  const LanesSetting& setting_;
  LaneSecrets leaked_;  // the first root's static keys
  FakeLane lane_;
  std::array<FakeLaneStorage, 2> backups_;  // initiator, responder
  LanesModel model_;
  std::vector<std::string> sent_;  // but for CONFIRMs
  std::vector<std::string> confirms_;
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
