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

// LaneResponder is the responding end of a lane: it takes M1 and answers M2 or
// STALE. Its twin is LaneInitiator.
//
//   (leaf there) --M1 verifies--> tentative --Confirm()--> confirmed
//                                     `------(kRunTimeout)--> lapsed
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

  // Keys to re-root with that wait for their M1; beyond it the oldest goes.
  static constexpr size_t kMostFreshKeys = 4;

  // Opens the lane at a start of the process. Errors: see LoadLane().
  static absl::StatusOr<std::unique_ptr<LaneResponder>> Open(
      const Options& options);

  LaneResponder(const LaneResponder&) = delete;
  LaneResponder& operator=(const LaneResponder&) = delete;

  // Takes M1. Returns OK if an M2 that accepts it is among the messages, or
  // once more the M2 that it got before. Returns, with nothing changed and no
  // answer,
  // - INVALID_ARGUMENT if it is no M1,
  // - NOT_FOUND if it is for no root of this lane,
  // - DATA_LOSS if gate or tag does not verify,
  // - RESOURCE_EXHAUSTED if kMostTentative keys wait for their confirmation:
  //   the initiator sends it again;
  // with nothing changed and a STALE,
  // - ALREADY_EXISTS if its leaf is gone and it is not an M1 that is answered;
  // with the leaf punctured and an M2 that refuses,
  // - FAILED_PRECONDITION if its context hash is not this end's own, or the key
  //   to re-root with is not here;
  // with the leaf punctured in memory at least, and no answer,
  // - the storage's errors. Another run gives another leaf.
  absl::Status OnMessage(absl::Span<const uint8_t> bytes, const Instant& now);

  // A binder with the key `id` has verified: it does not lapse any more. To be
  // called before it is used. NOT_FOUND if it has lapsed, was confirmed before,
  // or is not of this lane.
  absl::Status Confirm(const KeyId& id);

  // Takes a key that the initiator may re-root with: established by DSKE with
  // this peer, used for nothing else. It is kept for its lifetime at most.
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
    absl::Duration lapse_at;
  };
  struct FreshKey {
    KeyId id;
    Secret bytes;
    absl::Duration forget_at;
  };

  LaneResponder(const Options& options, LaneState state);

  // M1 has passed the gate, and its leaf is there.
  absl::Status OnFreshM1(Lane& lane, const M1Message& m1,
                         absl::string_view bytes, const Instant& now);
  // The initiator is done with the older root.
  void DropOlder();
  // Punctures and commits what an M1 that verified asks for.
  absl::Status UseUp(const M1Message& m1, const TreeLeaf& leaf,
                     const Secret* reroot_key);
  void NoteBounds(const Lane& lane, const M1Message& m1);
  RunStatus Judge(const M1Message& m1) const;
  // Puts the root that M1 asks for behind the one that it is sent on. Returns
  // the one that was there, if any.
  std::optional<Lane> InstallRoot(const M1Message& m1,
                                  const Secret& reroot_key);
  void Answered(const M1Message& m1, absl::string_view m1_bytes, std::string m2,
                const Instant& now);

  Lane* FindLane(const LaneId& id);
  const Answer* FindAnswer(const M1Message& m1, absl::string_view bytes) const;
  std::vector<FreshKey>::const_iterator FindFresh(const KeyId& id) const;

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
