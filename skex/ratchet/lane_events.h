#ifndef SKEX_RATCHET_LANE_EVENTS_H_
#define SKEX_RATCHET_LANE_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"
#include "skex/ratchet/messages.h"

namespace skex {

// Numbers on which both ends of a lane must agree.

// After this time an initiator gives a run up, and a responder an unconfirmed
// key and the M2 that it keeps.
inline constexpr absl::Duration kRunTimeout = absl::Seconds(30);
// Leaves that an initiator claims with one durable write, and how far a
// responder lets indices come out of order.
inline constexpr uint32_t kLaneWindow = 1024;
// Unconfirmed keys of one lane, at its responder; and so the runs that an
// initiator has under way.
inline constexpr size_t kMostTentative = 8;
// The last leaf that is used. The one behind it is not, so that "one above the
// highest" has 32 bits as well.
inline constexpr uint32_t kLastLeaf = 0xfffffffe;

// What either end of a lane has to tell. Events are to be handled in order, and
// before the messages of the same step are sent: a key must be in the keystore
// when the message that tells the other end of it leaves.

// A run gave a key. At the initiator it is ready: the responder has it. At the
// responder it is tentative: to accept with, until CONFIRM or KeyLapsed. No
// event tells of a CONFIRM: the key does not lapse, and that is all.
struct KeyAgreed {
  Key key;
  uint32_t index = 0;
  absl::Duration took;  // at the initiator: since M1; else zero
};

// Initiator: a run ended without a key or a new root.
struct RunFailed {
  uint32_t index = 0;
  absl::Status reason;
  RunPurpose purpose = RunPurpose::kKey;
};

// Responder: no CONFIRM of the key has come in time. It is to be dropped,
// unless a TLS binder with it has verified, which is as good.
struct KeyLapsed {
  KeyId key;
};

// The other end proves that it has seen this one use leaves up to `to`, where
// this one remembers none from `from` on: its state is an old copy.
struct RollbackDetected {
  uint32_t from = 0;
  uint32_t to = 0;
};

// Initiator: a STALE asks for a jump that needs the operator, see AllowJump().
struct JumpRefused {
  uint32_t from = 0;
  uint32_t to = 0;
};

// The lane has a new root: at the responder beside the old one, at the
// initiator instead of it.
struct LaneRerooted {
  LaneId lane;
};

// The old root is dropped, because the other end has the new one. On the medium
// it is erased with this durable write or the next.
struct LaneErased {
  LaneId lane;
};

using LaneEvent =
    std::variant<KeyAgreed, RunFailed, KeyLapsed, RollbackDetected, JumpRefused,
                 LaneRerooted, LaneErased>;

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_EVENTS_H_
