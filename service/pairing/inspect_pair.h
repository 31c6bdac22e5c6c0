#ifndef SERVICE_PAIRING_INSPECT_PAIR_H_
#define SERVICE_PAIRING_INSPECT_PAIR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"

namespace service {

// One root of a lane, without its secrets.
struct RootView {
  skex::LaneId id;
  // Leaves that no run has been begun with: all from the last one that was used
  // on, or at an initiator from the last one claimed.
  uint64_t leaves_left = 0;
  size_t nodes = 0;  // of the tree
};

struct LaneView {
  bool outgoing = false;  // this agent initiates
  std::string path;
  // Why the rest cannot be told: the errors of ReadLaneState(), DATA_LOSS if
  // the state is damaged, FAILED_PRECONDITION if it is of another lane.
  absl::Status status;
  // One, or while a re-root is not confirmed two: the old, then the new.
  std::vector<RootView> roots;
  size_t state_bytes = 0;
};

struct PairView {
  skex::AgentId peer;
  LaneView outgoing;
  LaneView incoming;
};

// The lanes of `self` with `peer`, also while they are in use; changes nothing.
// NOT_FOUND if there are none, else the file system's errors.
absl::StatusOr<PairView> InspectPair(FileSystem& files,
                                     const std::string& state_dir,
                                     const skex::AgentId& self,
                                     const skex::AgentId& peer);

struct PairList {
  std::vector<skex::AgentId> peers;  // with lanes, by name
  // Paths that an interrupted import or revocation has left: the next one with
  // that peer clears them away.
  std::vector<std::string> unfinished;
};

// Who an agent has lanes with. INVALID_ARGUMENT with the path if something else
// lies among them, else the file system's errors.
absl::StatusOr<PairList> ListPairs(FileSystem& files,
                                   const std::string& state_dir);

}  // namespace service

#endif  // SERVICE_PAIRING_INSPECT_PAIR_H_
