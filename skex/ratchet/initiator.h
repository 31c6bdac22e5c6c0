#ifndef SKEX_RATCHET_INITIATOR_H_
#define SKEX_RATCHET_INITIATOR_H_

#include <cstddef>
#include <cstdint>
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

// LaneInitiator is the initiating end of a lane: it uses up one leaf for each
// run, sends M1, takes M2 or STALE and confirms. Its twin is LaneResponder.
//
//   Start --> waiting --(M2 verifies, accepted)---------------> key
//                |------(M2 verifies, refused; STALE verifies)-> failed
//                `------(kRunTimeout)--------------------------> failed
//
// - *Write-ahead.* What is durable is the tree from a mark on. The leaves below
//   the mark are in memory only: kLaneWindow of them at a time, claimed before
//   the first of them is used. A crash loses them, and nobody can compute them
//   from the medium.
// - A leaf is forgotten when its run ends.
// - It has one root. A re-root replaces it when the responder's M2 says that
//   the new one is durable there, and never leads back: somebody who knows the
//   old root must not be able to keep the lane on it by dropping messages.
//
// Does no I/O besides the lane's storage. Thread-compatible.
class LaneInitiator {
 public:
  struct Options {
    LanePolicy policy;  // checked
    BootId boot;
    Entropy* entropy;      // must outlive the initiator
    LaneStorage* storage;  // must outlive the initiator
  };

  // M1 is sent again after this time without an answer, then after twice as
  // long, and so on.
  static constexpr absl::Duration kFirstResend = absl::Seconds(1);
  // The longest jump that a STALE may cause, and the index behind which none
  // may lead, without the operator.
  static constexpr uint32_t kMostJump = 1u << 20;
  static constexpr uint32_t kHalfOfLane = 1u << 31;

  // Opens the lane at a start of the process. Errors: see LoadLane().
  static absl::StatusOr<std::unique_ptr<LaneInitiator>> Open(
      const Options& options);

  LaneInitiator(const LaneInitiator&) = delete;
  LaneInitiator& operator=(const LaneInitiator&) = delete;

  // Begins a run for a key; M1 is then among the messages. Returns
  // FAILED_PRECONDITION if the policy wants such keys mixed,
  // RESOURCE_EXHAUSTED if kMostTentative runs are under way, or the lane is
  // used up (provision it anew), and the storage's errors. No message leaves on
  // an error.
  absl::Status Start(const Instant& now);

  // Begins a run for a key that is mixed of an unmediated one and of `dske`,
  // which is consumed whatever comes of it: a key that this agent established
  // by DSKE with the responder, who has given it to its AddFreshKey(). Returns
  // INVALID_ARGUMENT if the key is none such; else as Start().
  absl::Status Mix(Key dske, const Instant& now);

  // Begins a run that replaces the lane's root by one that mixes `fresh` in,
  // which is consumed whatever comes of it: a key that DSKE established with
  // this peer, used for nothing else, which the responder gets by
  // AddFreshKey(). Returns INVALID_ARGUMENT if the key is none such,
  // FAILED_PRECONDITION if another re-root is under way; else as Start().
  absl::Status Reroot(Key fresh, const Instant& now);

  // Takes M2 or STALE. Returns, with nothing changed,
  // - INVALID_ARGUMENT if it is neither,
  // - FAILED_PRECONDITION if it answers no run that is under way,
  // - DATA_LOSS if it does not verify;
  // or the storage's errors, if a new root could not be made durable: the run
  // has failed, and the old root goes on.
  absl::Status OnMessage(absl::Span<const uint8_t> bytes, const Instant& now);

  // There is a new way to the responder: M1 of all runs under way is sent again
  // at once.
  void OnConnected(const Instant& now);

  // Time has passed. To be called at NextTime() at the latest.
  void OnTime(const Instant& now);
  // When OnTime() is due, on the monotonic clock; nullopt if never.
  std::optional<absl::Duration> NextTime() const;

  // The operator allows the jump that was refused last: both machines and the
  // backups were looked at. FAILED_PRECONDITION if there is none.
  absl::Status AllowJump();

  std::vector<std::string> TakeMessages();
  std::vector<LaneEvent> TakeEvents();

  // Runs under way.
  size_t outstanding() const { return runs_.size(); }
  // How often this end turned out to be restored from an old copy.
  uint64_t rollbacks_detected() const { return rollbacks_detected_; }
  // Leaves that were never claimed, under the root that is used now.
  uint64_t remaining() const;

 private:
  // The lane under its root, and how far it is used.
  struct Root {
    // In memory: all leaves from `next` on.
    Lane lane;
    uint32_t next = 0;  // the first leaf not used
    // Everything below is claimed, durably; >= next. After a jump it may be
    // ahead of the medium, and equals `next` until the next claim.
    uint32_t mark = 0;
    uint32_t finished = 0;  // 1 + the highest index finished since the start
  };
  struct Run {
    LaneId lane;
    uint32_t index = 0;
    RunPurpose purpose = RunPurpose::kKey;
    std::string m1;
    RunNonce nonce{};
    Secret tag2_key;
    Secret tag3_key;
    Secret result_key;  // K_d, or the re-root key
    Key dske;           // of a mix or a re-root
    absl::Duration started;
    absl::Duration resend_at;
    absl::Duration resend_after;
  };

  LaneInitiator(const Options& options, LaneState state);

  absl::Status Begin(RunPurpose purpose, Key dske, const Instant& now);
  absl::Status OnM2(absl::Span<const uint8_t> bytes, const Instant& now);
  absl::Status OnStale(absl::Span<const uint8_t> bytes);
  // A verified answer.
  absl::Status Finish(Run run, const M2Message& m2, absl::string_view m2_bytes,
                      const Instant& now);
  absl::Status InstallRoot(const Run& run);
  void JumpTo(uint32_t to);
  // Claims the next leaves, durably.
  absl::Status Claim();
  // Makes `root` the durable one, as far as it is claimed.
  absl::Status Commit(const Root& root);
  void Fail(const Run& run, absl::Status reason);

  uint32_t LowestOutstanding() const;
  std::vector<Run>::iterator FindRun(const LaneId& lane, uint32_t index);

  const Options options_;
  Root root_;
  // A new root could not be stored, or so it seems: the medium may hold it.
  bool medium_is_unsure_ = false;
  std::vector<Run> runs_;
  std::optional<uint32_t> refused_jump_;  // to where
  uint64_t rollbacks_detected_ = 0;
  std::vector<std::string> messages_;
  std::vector<LaneEvent> events_;
};

}  // namespace skex

#endif  // SKEX_RATCHET_INITIATOR_H_
