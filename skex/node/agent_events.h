#ifndef SKEX_NODE_AGENT_EVENTS_H_
#define SKEX_NODE_AGENT_EVENTS_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"

namespace skex {

// What an agent node has to tell. Events are to be handled in order, and
// before the frames and lane messages of the same step are sent: a key must be
// in the keystore when what confirms it leaves.

// Keys that this agent dials with (it was the initiator) or accepts with.
struct KeysEstablished {
  AgentId peer;
  bool initiator = false;
  std::vector<Key> keys;
  absl::Duration took;  // initiator: from the first message to the last
};

// An exchange or a run that this agent began has ended without a key.
struct ExchangeFailed {
  AgentId peer;
  absl::Status reason;
};

// A share of an exchange did not fit. Accuses initiator, hub and both pads.
struct ShareInconsistent {
  AgentId initiator;
  HubId hub;
};

// An offer that this agent refused as responder.
struct OfferRefused {
  HubId hub;
  absl::Status reason;
};

// An unmediated key to accept with was not confirmed in time: unless a binder
// with it has verified, it is to be dropped.
struct KeyUnconfirmed {
  KeyId key;
};

// One end of a lane turned out to be restored from an old copy: the other has
// seen it use leaves up to `to`, it remembers none from `from` on. `outgoing`:
// it is this agent's end of the lane on which it initiates.
struct LaneRolledBack {
  AgentId peer;
  bool outgoing = false;
  uint32_t from = 0;
  uint32_t to = 0;
};

// The lane to this peer wants a jump that needs the operator.
struct LaneJumpRefused {
  AgentId peer;
  uint32_t from = 0;
  uint32_t to = 0;
};

// A lane has a new root.
struct LaneHealed {
  AgentId peer;
  bool outgoing = false;
};

// Keys for this peer, which are mixed otherwise, are unmediated alone from now
// on, because none comes through the hubs.
struct HubsFailed {
  AgentId peer;
  absl::Status reason;
};

// They do again, and the lane has a new root: the unmediated keys are to be
// replaced.
struct HubsBack {
  AgentId peer;
};

using AgentEvent =
    std::variant<KeysEstablished, ExchangeFailed, ShareInconsistent,
                 OfferRefused, KeyUnconfirmed, LaneRolledBack, LaneJumpRefused,
                 LaneHealed, HubsFailed, HubsBack>;

}  // namespace skex

#endif  // SKEX_NODE_AGENT_EVENTS_H_
