#ifndef SKEX_RATCHET_FAKE_LANE_H_
#define SKEX_RATCHET_FAKE_LANE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/responder.h"

namespace skex {

// alice@north.example initiates, bob@south.example responds.
LanePolicy FakeLanePolicy();
// 32 bytes that are the same for the same seed.
Secret FakeRoot(uint64_t seed);
// A key as DSKE between the two gives one: bob began, in no process that runs.
Key FakeFreshKey(uint64_t seed);

// The first event of a kind, nullptr if there is none.
template <class Event>
const Event* Find(const std::vector<LaneEvent>& events) {
  for (const LaneEvent& event : events) {
    if (const Event* found = std::get_if<Event>(&event)) return found;
  }
  return nullptr;
}

// The events of one step, and its messages.
struct LaneStep {
  absl::Status status;
  std::vector<std::string> messages;
  std::vector<LaneEvent> events;

  // The only message; an empty string if there is none or more than one.
  std::string message() const {
    return messages.size() == 1 ? messages[0] : std::string();
  }
};

// Both ends of one lane, each with its storage. What travels between them goes
// through the hands of the test.
class FakeLane {
 public:
  explicit FakeLane(uint64_t seed, const LanePolicy& policy = FakeLanePolicy());
  // On storages that are provisioned already.
  FakeLane(uint64_t seed, FakeLaneStorage at_initiator,
           FakeLaneStorage at_responder,
           const LanePolicy& policy = FakeLanePolicy());

  // Crash and start of one end: what is not in its storage is gone. Its random
  // bytes follow from the seed and the number of its starts alone.
  absl::Status RestartInitiator();
  absl::Status RestartResponder();

  // A key as DSKE between the two processes that run gives one: it fits the
  // keys of this lane. The same for the same seed and the same starts.
  Key FakeDskeKey(uint64_t seed) const;

  LaneStep Start();
  LaneStep Mix(Key dske);
  LaneStep Reroot(Key fresh);
  LaneStep ToInitiator(absl::string_view message);
  LaneStep ToResponder(absl::string_view message);
  // Lets time pass at both ends: initiator, responder.
  std::pair<LaneStep, LaneStep> Pass(absl::Duration time);

  // One run on a network that loses nothing, until both ends are done with it.
  // True if both have the same key, and the responder's is confirmed.
  bool Run();
  // As Run(), with FakeDskeKey(seed) mixed in, which both ends have.
  bool MixedRun(uint64_t seed);
  // As Run(), `times` times.
  bool Runs(int times);

  FakeLaneStorage initiator_storage;
  FakeLaneStorage responder_storage;
  LanePolicy initiator_policy;
  LanePolicy responder_policy;
  // Of the two processes that run.
  BootId initiator_boot;
  BootId responder_boot;
  std::unique_ptr<LaneInitiator> initiator;
  std::unique_ptr<LaneResponder> responder;
  Instant now;

 private:
  bool Finish(const LaneStep& started);

  uint64_t seed_;
  uint64_t initiator_starts_ = 0;
  uint64_t responder_starts_ = 0;
  SeededEntropy initiator_entropy_;
  SeededEntropy responder_entropy_;
};

}  // namespace skex

#endif  // SKEX_RATCHET_FAKE_LANE_H_
