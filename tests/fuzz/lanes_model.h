#ifndef TESTS_FUZZ_LANES_MODEL_H_
#define TESTS_FUZZ_LANES_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/responder.h"

namespace skex {

// What can be seen of one end of a lane between two steps.
struct EndView {
  size_t waiting = 0;      // runs under way, or tentative keys
  uint64_t rollbacks = 0;  // detected
  uint64_t left = 0;       // leaves never claimed, or leaves skipped
  uint64_t commits = 0;
  std::string medium;

  static EndView Of(const LaneInitiator& end, const FakeLaneStorage& storage);
  static EndView Of(const LaneResponder& end, const FakeLaneStorage& storage);
  friend bool operator==(const EndView&, const EndView&) = default;
};

// What an end was made to do.
enum class LaneInput {
  kStart,
  kReroot,
  kMix,
  kMisfit,  // as kMix, with a key of DSKE that does not fit
  kConnected,
  kTrue,    // a message that the other end sent
  kLeaked,  // one that somebody made who knows gate and stale keys
  kFalse,   // any other bytes
  kTime,
};

// One step of one end.
struct TakenStep {
  LaneInput input;
  LaneStep step;
  EndView before;
  EndView after;
  bool disk_fails = false;  // its durable write, if any, has returned an error
};

// LanesModel says what the two ends of a lane have to do, from the promises in
// their headers and docs/protocol.md alone, and ends the process when they did
// something else:
//  - the initiator uses an index once, the responder accepts an index once;
//  - what the initiator finishes, the responder has accepted: the same id, the
//    same bytes, the same terms, the same new root;
//  - a key of DSKE is used once;
//  - a message that does not verify changes nothing;
//  - what waits is bounded.
// Who restores an end from a backup has to say so; the first of these then
// holds from there on only.
class LanesModel {
 public:
  struct Promises {
    bool same_terms = true;  // the two configurations are equal
    // Neither end begins behind the other.
    bool level = true;
    LaneUse use = LaneUse::kAlone;
  };

  explicit LanesModel(const Promises& promises) : promises_(promises) {}

  // `answer` and `message` are what was delivered, if anything was.
  void OnInitiator(const TakenStep& taken, absl::string_view answer);
  void OnResponder(const TakenStep& taken, absl::string_view message);
  // The responder gets a key of DSKE. It `fits` the keys of runs that this
  // start of the initiator began, and of no others.
  void OnFreshKey(const KeyId& id, std::optional<BootId> fits) {
    fresh_[id] = fits;
  }

  void OnInitiatorRestart() { runs_ = 0; }
  void OnResponderRestart();
  void OnInitiatorRestored();
  void OnResponderRestored();
  // From here on somebody has the static keys.
  void OnLeak() { promises_.level = false; }

  // Whether a fresh run must succeed on a network that loses nothing.
  bool MustRecover() const {
    return promises_.same_terms && (!restored_ || rerooted_.empty());
  }

 private:
  using LeafName = std::pair<LaneId, uint32_t>;
  struct Agreed {
    LeafName leaf;
    std::string bytes;
    std::shared_ptr<const KeyTerms> terms;
  };

  // A key at the responder that waits for its CONFIRM.
  struct Tentative {
    KeyId key;
    LeafName leaf;
  };

  void CheckBegun(const TakenStep& taken) const;
  void CheckAnswered(const TakenStep& taken, absl::string_view answer) const;
  void CheckJump(const TakenStep& taken) const;
  void CheckTime(const TakenStep& taken) const;
  void CheckResent(const LaneStep& step) const;
  void CheckM1Taken(const TakenStep& taken, absl::string_view m1);
  void CheckM2(const TakenStep& taken, absl::string_view m1);
  void CheckRefused(const TakenStep& taken, absl::string_view m1) const;
  void CheckConfirmed(const TakenStep& taken, absl::string_view bytes);
  RunStatus Expected(const M1Message& m1) const;
  void NoteM1(absl::string_view bytes);
  void NoteConfirm(absl::string_view bytes, const KeyAgreed& agreed);
  void NoteInitiatorEvent(const LaneEvent& event);
  void NoteResponderEvent(const LaneEvent& event, const LeafName& leaf);

  Promises promises_;
  bool restored_ = false;
  size_t runs_ = 0;
  std::map<LeafName, std::string> used_;  // by M1
  std::set<LeafName> accepted_;           // for a key
  std::map<KeyId, Agreed> agreed_;        // at the responder
  std::set<KeyId> finished_;              // at the initiator
  std::set<LaneId> rerooted_;             // at the responder
  std::vector<Tentative> tentative_;
  std::map<std::string, KeyId> confirms_;  // by CONFIRM, at the initiator
  std::map<KeyId, std::optional<BootId>> fresh_;  // at the responder
  std::map<std::string, std::string> answers_;    // M2 by M1, of this start
};

}  // namespace skex

#endif  // TESTS_FUZZ_LANES_MODEL_H_
