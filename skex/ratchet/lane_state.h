#ifndef SKEX_RATCHET_LANE_STATE_H_
#define SKEX_RATCHET_LANE_STATE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_storage.h"
#include "skex/ratchet/puncturable_tree.h"

namespace skex {

// Which end of a lane.
enum class LaneSide : uint8_t { kInitiator = 1, kResponder = 2 };

// A lane under one root.
struct Lane {
  LaneId id;
  Secret gate;
  Secret stale;
  PuncturableTree tree;

  static Lane Of(LaneSecrets secrets);
  Lane Clone() const;
};

// What one end of a lane keeps durably.
struct LaneState {
  LaneSide side;
  AgentId initiator;
  AgentId responder;
  // One, or at a responder while a re-root is not confirmed two: the old, then
  // the new.
  std::vector<Lane> lanes;

  Secret Encode() const;

  // The reverse. INVALID_ARGUMENT if it is not the state of a lane in this
  // version, DATA_LOSS if it is one and damaged.
  static absl::StatusOr<LaneState> Decode(absl::Span<const uint8_t> bytes);
};

// Commits the beginning of a lane, once. ALREADY_EXISTS if `storage` holds a
// state: a second provisioning with one root would resurrect its leaves. Else
// the storage's errors.
absl::Status ProvisionLane(LaneStorage* storage, LaneSide side,
                           const AgentId& initiator, const AgentId& responder,
                           LaneSecrets secrets);

// Loads the state of `side` of the lane between these two. The storage's
// errors, those of LaneState::Decode(), FAILED_PRECONDITION if it is the state
// of another lane or side.
absl::StatusOr<LaneState> LoadLane(LaneStorage* storage, LaneSide side,
                                   const AgentId& initiator,
                                   const AgentId& responder);

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_STATE_H_
