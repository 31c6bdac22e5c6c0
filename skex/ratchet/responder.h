#ifndef SKEX_RATCHET_RESPONDER_H_
#define SKEX_RATCHET_RESPONDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/lane_storage.h"
#include "skex/ratchet/messages.h"

namespace skex {

// LaneResponder is the responding end of a lane: it takes M1, answers M2 or
// STALE, and takes CONFIRM. Its twin is LaneInitiator.
//
//   (leaf there) --M1 verifies--> tentative --CONFIRM verifies--> confirmed
//                                     `------(kRunTimeout)------> lapsed
//
// - *Write-ahead.* The puncture of a leaf is durable before its M2 or its key
//   leaves. So an index is accepted once, and what was accepted cannot be
//   computed again from the medium.
// - *Verify first, puncture after.* An M1 that does not verify changes nothing.
// - The same M1, byte for byte, gets the same M2, while the initiator may wait
//   for it: the M2 is kept in memory, and holds no secret.
//
// What a stranger can cost: one HMAC. What a recorded M1 can cost: a STALE.
//
// Does no I/O besides the lane's storage. Thread-compatible.
class LaneResponder {
 public:
  struct Options {
    LanePolicy policy;  // checked
    BootId boot;
    Entropy* entropy;      // must outlive the responder
    LaneStorage* storage;  // must outlive the responder
  };

  // Keys of DSKE that wait for their M1; beyond it the oldest goes.
  static constexpr size_t kMostFreshKeys = 256;

  // Opens the lane at a start of the process. Errors: see LoadLane().
  static absl::StatusOr<std::unique_ptr<LaneResponder>> Open(
      const Options& options);

  LaneResponder(const LaneResponder&) = delete;
  LaneResponder& operator=(const LaneResponder&) = delete;

  // Whether `lane` is this one, under any root that is received on, or whose
  // keys wait for their confirmation.
  bool Knows(const LaneId& lane) const;

  // Takes M1 or CONFIRM. Returns OK for a CONFIRM that verifies, and for an M1
  // if an M2 that accepts it is among the messages, or once more the M2 that it
  // got before. Returns, with nothing changed and no answer,
  // - INVALID_ARGUMENT if it is neither,
  // - NOT_FOUND if it is for no root of this lane, or confirms no key that is
  //   tentative,
  // - DATA_LOSS if gate or tag does not verify,
  // - RESOURCE_EXHAUSTED if kMostTentative keys wait for their confirmation:
  //   the initiator sends it again;
  // with nothing changed and a STALE,
  // - ALREADY_EXISTS if its leaf is gone and it is not an M1 that is answered;
  // with the leaf punctured and an M2 that refuses,
  // - FAILED_PRECONDITION if its context hash or its purpose is not of this
  //   end's policy, or the key of DSKE that it names is not here;
  // with the leaf punctured in memory at least, and no answer,
  // - the storage's errors. Another run gives another leaf.
  absl::Status OnMessage(absl::Span<const uint8_t> bytes, const Instant& now);

  // Takes a key that the initiator may re-root or mix with: established by DSKE
  // with this peer, used for nothing else. It is kept for its lifetime at most,
  // and consumed by the first M1 that verifies and names it.
  // INVALID_ARGUMENT if the key is none such, ALREADY_EXISTS if it is here.
  absl::Status AddFreshKey(Key key, const Instant& now);

  // Time has passed. To be called at NextTime() at the latest.
  void OnTime(const Instant& now);
  // When OnTime() is due, on the monotonic clock; nullopt if never.
  std::optional<absl::Duration> NextTime() const;

  std::vector<std::string> TakeMessages();
  std::vector<LaneEvent> TakeEvents();

  // Keys that wait for their confirmation.
  size_t tentative() const { return tentative_.size(); }
  // Keys of DSKE that wait for their M1.
  size_t fresh_keys() const { return fresh_keys_.size(); }
  // How often this end turned out to be restored from an old copy.
  uint64_t rollbacks_detected() const { return rollbacks_detected_; }
  // Leaves below the initiator's lowest outstanding that no M1 came for: lost
  // runs, its restarts, or a rollback of this end.
  uint64_t skipped_leaves() const { return skipped_leaves_; }

 private:
  // The answer to an M1 that was accepted or refused.
  struct Answer {
    LaneId lane;
    uint32_t index = 0;
    std::array<uint8_t, 32> m1_hash{};
    std::string m2;
    absl::Duration forget_at;
  };
  struct Tentative {
    KeyId key;
    LaneId lane;
    uint32_t index = 0;
    std::string confirmation;  // what is still to come
    absl::Duration lapse_at;
  };
  struct FreshKey {
    Key key;
    absl::Duration forget_at;
  };

  LaneResponder(const Options& options, LaneState state);

  absl::Status OnM1(absl::Span<const uint8_t> bytes, const Instant& now);
  absl::Status OnConfirm(absl::Span<const uint8_t> bytes, const Instant& now);
  // M1 has passed the gate, and its leaf is there.
  absl::Status OnFreshM1(Lane& lane, const M1Message& m1,
                         absl::string_view bytes, const Instant& now);
  // The initiator is done with the older root.
  void DropOlder();
  // Punctures and commits what an M1 that verified asks for.
  absl::Status UseUp(const M1Message& m1, const TreeLeaf& leaf,
                     std::optional<Lane> new_root);
  void NoteBounds(const Lane& lane, const M1Message& m1);
  // `dske` is the key that M1 names, if it is here.
  RunStatus Judge(const M1Message& m1, const std::optional<Key>& dske) const;
  // Puts a new root behind the one that its M1 is sent on. Returns the one that
  // was there, if any.
  std::optional<Lane> InstallRoot(Lane root);
  void Answered(const M1Message& m1, absl::string_view m1_bytes, std::string m2,
                const Instant& now);

  Lane* FindLane(const LaneId& id);
  const Answer* FindAnswer(const M1Message& m1, absl::string_view bytes) const;
  std::vector<FreshKey>::iterator FindFresh(const KeyId& id);
  std::optional<Key> TakeFresh(const KeyId& id);

  const Options options_;
  LaneState state_;
  // The oldest first; of each root none below its floor, so at most
  // kLaneWindow + 1.
  std::deque<Answer> answers_;
  std::deque<Tentative> tentative_;
  std::vector<FreshKey> fresh_keys_;
  uint64_t rollbacks_detected_ = 0;
  uint64_t skipped_leaves_ = 0;
  std::vector<std::string> messages_;
  std::vector<LaneEvent> events_;
};

}  // namespace skex

#endif  // SKEX_RATCHET_RESPONDER_H_
