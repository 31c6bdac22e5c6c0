#ifndef SKEX_RATCHET_LANE_SEARCH_H_
#define SKEX_RATCHET_LANE_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "skex/base/ids.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_policy.h"

namespace skex {

// A bounded search through all that an attacker on the network, crashes and
// backups can make of one lane, over the real state machines.

// Where a search begins, and what may happen in it.
struct SearchStart {
  FakeLaneStorage initiator;
  FakeLaneStorage responder;
  // Old copies that each end may be restored from, once.
  std::optional<FakeLaneStorage> initiator_backup;
  std::optional<FakeLaneStorage> responder_backup;
  std::vector<std::string> recorded;  // messages of before
  LanePolicy policy = FakeLanePolicy();
  size_t most_reroots = 0;
  size_t most_mixes = 0;
  size_t most_runs = 3;

  // Whether an end's durable writes are left out: there is none to die in.
  bool WithoutWrites() const {
    return initiator.fault != FakeLaneStorage::Fault::kNone ||
           responder.fault != FakeLaneStorage::Fault::kNone;
  }
};

// One step. Every message that was ever sent can be delivered at any time, so
// loss, repetition and reordering need no steps of their own. Only CONFIRM is
// never delivered: it moves nothing but when a tentative key lapses, and there
// are fewer runs than keys that may be tentative.
struct SearchStep {
  enum class Kind {
    kRun,
    kReroot,
    kMix,
    kDeliver,
    kGiveUp,
    kCrashInitiator,
    kCrashResponder,
    kRestoreInitiator,
    kRestoreResponder,
  };
  Kind kind = Kind::kRun;
  size_t message = 0;  // of kDeliver
  // The durable write of the step fails, and the end dies of it or does not.
  FakeLaneStorage::Fault fault = FakeLaneStorage::Fault::kNone;
  bool dies = false;
};

std::string Describe(const std::vector<SearchStep>& steps);

// A lane, all messages so far, and what must hold:
//  - the initiator uses an index once, unless it is restored in between;
//  - the responder accepts an index once, unless it is restored in between;
//  - whatever the initiator finishes, the responder accepted: the same
//    transcript (by the key's id), the same key, mixed or not, the same new
//    root.
class SearchWorld {
 public:
  explicit SearchWorld(const SearchStart& start);

  void Take(const SearchStep& step);
  // Whether an end has written durably in the last step, or died in it.
  bool committed() const { return committed_; }
  // The steps that may follow, without faults.
  std::vector<SearchStep> Steps() const;
  // Equal for states that behave alike. The ends are deterministic, so the
  // steps that each has taken since its start stand for its memory; without
  // those of which it says that they changed nothing, which other tests check.
  std::string Fingerprint() const;
  // Whether a fresh run succeeds within a few attempts on a network that loses
  // nothing. Ends the world.
  bool Recovers();

  // What was broken first; empty while all holds.
  const std::string& violation() const { return violation_; }

 private:
  using LeafName = std::pair<LaneId, uint32_t>;

  LaneStep TakeAtInitiator(const SearchStep& step);
  LaneStep TakeAtResponder(const SearchStep& step);
  void Crash(bool initiator);
  void Restore(bool initiator);
  void NoteInitiator(const LaneStep& step);
  void NoteResponder(const LaneStep& step);
  void Send(const std::vector<std::string>& messages);
  void Violate(absl::string_view what);

  const SearchStart& start_;
  FakeLane lane_;
  std::vector<std::string> sent_;
  std::string initiator_memory_;
  std::string responder_memory_;
  size_t runs_ = 0;
  size_t reroots_ = 0;
  size_t mixes_ = 0;
  bool initiator_restored_ = false;
  bool responder_restored_ = false;
  std::map<LeafName, std::string> used_;  // by M1
  std::set<LeafName> accepted_;           // for a key
  std::map<KeyId, std::string> agreed_;   // at the responder
  std::set<LaneId> rerooted_;             // at the responder
  bool committed_ = false;
  std::string violation_;
};

struct SearchResult {
  size_t states = 0;
  std::string violation;          // empty if there is none
  std::vector<SearchStep> steps;  // that lead to it
};

// Looks at every state that `depth` steps can lead to; stops at a violation.
SearchResult Search(const SearchStart& start, size_t depth);

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_SEARCH_H_
