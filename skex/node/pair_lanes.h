#ifndef SKEX_NODE_PAIR_LANES_H_
#define SKEX_NODE_PAIR_LANES_H_

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
#include "skex/node/agent_events.h"
#include "skex/node/backoff.h"
#include "skex/psk/key.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_storage.h"
#include "skex/ratchet/responder.h"

namespace skex {

// PairLanes has both lanes with one peer and decides what they are used for:
// which runs begin, for how many keys, mixed with what.
//
// - It begins runs until as many keys are there as are wanted. After a failure
//   it waits, longer each time (see Backoff), and begins one run only.
// - Where keys are mixed it asks for a key of DSKE for each. If the policy
//   allows it, and none has come for kHubPatience after a failure, the keys are
//   unmediated alone (HubsFailed), until the hubs are back (HubsBack).
// - A key of DSKE re-roots the lane first, whenever that is due: after each
//   start, each kRerootInterval, and after keys that were unmediated alone.
//
// Does no I/O besides the lanes' storage. Thread-compatible.
class PairLanes {
 public:
  struct Options {
    LanePolicy policy;  // of the outgoing lane; checked
    BootId boot;
    Entropy* entropy;       // must outlive the lanes
    LaneStorage* outgoing;  // likewise; the initiating end of the one lane
    LaneStorage* incoming;  // likewise; the responding end of the other
    // Whether this agent can reach the peer; else it only answers.
    bool initiates = true;
  };

  static constexpr absl::Duration kHubPatience = absl::Seconds(2);
  static constexpr absl::Duration kRerootInterval = absl::Hours(24);
  // Keys of DSKE that are asked for to be there for runs to come.
  static constexpr size_t kMostDskeKeys = 64;

  // Opens both lanes at a start of the process. Errors: see LoadLane().
  static absl::StatusOr<std::unique_ptr<PairLanes>> Open(
      const Options& options);

  PairLanes(const PairLanes&) = delete;
  PairLanes& operator=(const PairLanes&) = delete;

  const AgentId& peer() const { return policy_.responder; }

  // Sets how many more keys to dial with are wanted, those of runs under way
  // included.
  void SetWanted(size_t keys);
  // How many keys of DSKE are wanted for that, besides those that are here: one
  // at a time while runs fail; and where keys may be unmediated alone, at least
  // one while the hubs fail, to see when they are back.
  size_t WantedFromHubs() const;
  // Takes a key of DSKE with this peer. `initiator`: this agent was it.
  void AddDskeKey(Key key, bool initiator, const Instant& now);
  // How an exchange through the hubs that this agent began has ended; after
  // the keys of one that went well.
  void OnHubs(const absl::Status& outcome, const Instant& now);

  // Whether `lane` is the peer's.
  bool Answers(const LaneId& lane) const { return responder_->Knows(lane); }
  // Takes M1 or CONFIRM; see LaneResponder::OnMessage().
  absl::Status OnRequest(absl::Span<const uint8_t> bytes, const Instant& now);
  // Takes M2 or STALE; see LaneInitiator::OnMessage().
  absl::Status OnAnswer(absl::Span<const uint8_t> bytes, const Instant& now);
  // There is a new way to the peer.
  void OnConnected(const Instant& now);
  // Begins at once where a back-off would wait.
  void HurryUp() { backoff_.HurryUp(); }
  // See LaneInitiator::AllowJump().
  absl::Status AllowJump();

  // Time has passed: begins what is due. To be called at NextTime() at the
  // latest, and after every change.
  void OnTime(const Instant& now);
  std::optional<absl::Duration> NextTime() const;

  std::vector<AgentEvent> TakeEvents();
  // M1 and CONFIRM to the peer.
  std::vector<std::string> TakeMessages() { return initiator_->TakeMessages(); }
  // M2 and STALE, to where the request came from.
  std::vector<std::string> TakeAnswers() { return responder_->TakeMessages(); }

  // Why the last run ended without a key; OK once one came.
  const absl::Status& last_failure() const { return last_failure_; }
  // Keys are unmediated alone now, for want of others.
  bool hubs_failed() const { return hubs_failed_; }
  bool jump_waits() const { return jump_waits_; }
  // New roots of the outgoing lane, since the start.
  uint64_t reroots() const { return reroots_; }
  // Keys of DSKE that are here for runs to come.
  size_t dske_keys() const { return dske_keys_.size(); }
  const LaneInitiator& initiator() const { return *initiator_; }
  const LaneResponder& responder() const { return *responder_; }

 private:
  struct DskeKey {
    Key key;
    absl::Duration expires;
  };

  PairLanes(const Options& options, std::unique_ptr<LaneInitiator> initiator,
            std::unique_ptr<LaneResponder> responder);

  bool mixes() const { return policy_.use != LaneUse::kAlone; }
  // Runs for keys that are under way.
  size_t KeyRuns() const;
  bool MayReroot(absl::Duration now) const;  // as far as keys and time go
  bool MayBeginKeyRun() const;
  void Begin(const Instant& now);
  bool BeginKeyRun(const Instant& now);  // whether it began
  Key TakeDskeKey();
  void Fail(absl::Status reason, absl::Duration now);
  void HandleInitiator(const Instant& now);
  void HandleResponder();
  void OnKey(KeyAgreed agreed);
  void Tell(bool initiator, KeyAgreed agreed);
  void OnRunFailed(const RunFailed& failed, const Instant& now);
  void OnRerooted(const Instant& now);

  const LanePolicy policy_;
  const bool initiates_;
  const std::unique_ptr<LaneInitiator> initiator_;
  const std::unique_ptr<LaneResponder> responder_;
  size_t wanted_ = 0;
  std::deque<DskeKey> dske_keys_;  // oldest first
  // Since when exchanges through the hubs fail.
  std::optional<absl::Duration> hubs_fail_since_;
  absl::Status hub_failure_;
  bool hubs_failed_ = false;
  bool rerooting_ = false;
  absl::Duration reroot_at_ = -absl::InfiniteDuration();
  uint64_t reroots_ = 0;
  size_t window_ = kMostTentative;  // runs that may be under way
  Backoff backoff_;
  absl::Duration now_ = -absl::InfiniteDuration();  // as last told
  absl::Status last_failure_;
  bool jump_waits_ = false;
  std::vector<AgentEvent> events_;
};

}  // namespace skex

#endif  // SKEX_NODE_PAIR_LANES_H_
