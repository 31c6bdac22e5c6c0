#ifndef SKEX_RATCHET_LANE_STORAGE_H_
#define SKEX_RATCHET_LANE_STORAGE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "skex/base/secret.h"

namespace skex {

// LaneStorage is what one end of a lane needs of the medium that holds its
// state, some kilobytes of secrets. It is owned by one process at a time; the
// implementation keeps others out.
//
// Thread-compatible.
class LaneStorage {
 public:
  virtual ~LaneStorage() = default;

  // The state as last committed. NOT_FOUND if there is none, UNAVAILABLE for
  // I/O errors.
  virtual absl::StatusOr<Secret> Load() = 0;

  // Replaces the state as a whole, durably: when this returns OK the new state
  // survives kill and power loss, and the old one is overwritten wherever it
  // stood, a log included, as far as the medium allows. When it returns an
  // error either the old or the new one survives. RESOURCE_EXHAUSTED if the
  // disk is full, UNAVAILABLE for other I/O errors.
  virtual absl::Status Commit(absl::Span<const uint8_t> state) = 0;
};

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_STORAGE_H_
