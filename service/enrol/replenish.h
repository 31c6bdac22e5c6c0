#ifndef SERVICE_ENROL_REPLENISH_H_
#define SERVICE_ENROL_REPLENISH_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/enrol/pad_pair.h"
#include "service/enrol/random_source.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"
#include "skex/pad/pad_layout.h"
#include "skex/pad/pad_source.h"

namespace service {

// Replenishing gives an enrolled agent one more pad beside those that it has:
// the hub's half in the agent's folder of the hub's state folder, the agent's
// half in a file for its operator to carry. A pad that only one end knows is
// not used, so it does not matter which end learns of it first.

struct ReplenishRequest {
  skex::HubId hub;
  std::string state_dir;  // the hub's
  skex::AgentId agent;
  skex::PadGeometry geometry;
  std::string out;  // where the agent's half goes
  // Becomes that of the enrolment, before the pad appears; none: stays as it
  // is.
  std::optional<skex::PadSource> least_source = std::nullopt;
};

struct Replenished {
  skex::PadIdentity identity;
  std::string pad;  // path of the hub's half
  size_t pads = 0;  // that the agent has now
  // The enrolment's now; what the agent's configuration should say as well.
  std::optional<skex::PadSource> least_source = std::nullopt;
};

// Makes the pad. Never overwrites: returns ALREADY_EXISTS if `out` is there.
// NOT_FOUND if the agent is not enrolled; FAILED_PRECONDITION if it has
// skex::kMostPads pads, if the source is below what the enrolment permits (see
// skex::CheckPadSources()), if `least_source` would forbid a pad that is there,
// or if another process makes a pad for this agent; DATA_LOSS if a pad or the
// enrolment cannot be read, or if the source gave the bytes of an earlier pad
// again; INVALID_ARGUMENT with the place if the enrolment is wrong or the
// agent's folder has something that does not belong there; else the errors of
// the source, the progress and the files.
//
// After an error nothing new is there and the enrolment is as it was. A power
// failure at the end may leave the enrolment's new least_source without the
// pad. What a killed run left behind is cleared away by the next one for the
// same agent.
absl::StatusOr<Replenished> ReplenishAgent(FileSystem& files,
                                           const ReplenishRequest& request,
                                           RandomSource& source,
                                           const PadProgress& progress);

}  // namespace service

#endif  // SERVICE_ENROL_REPLENISH_H_
