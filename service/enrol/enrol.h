#ifndef SERVICE_ENROL_ENROL_H_
#define SERVICE_ENROL_ENROL_H_

#include <string>

#include "absl/status/statusor.h"
#include "service/config/enrolment.h"
#include "service/enrol/pad_pair.h"
#include "service/enrol/random_source.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"
#include "skex/pad/pad_layout.h"

namespace service {

// Enrolment makes an agent known to a hub: a pad and a list of allowed
// initiators in the hub's state folder, and the agent's half of the pad in a
// file for its operator to carry. A running hub takes it in when it reloads.

struct EnrolRequest {
  skex::HubId hub;
  std::string state_dir;  // the hub's; made if missing
  skex::AgentId agent;
  Enrolment enrolment;
  skex::PadGeometry geometry;
  std::string out;  // where the agent's half goes
};

// Enrols an agent. Never overwrites: returns ALREADY_EXISTS if it is enrolled
// or `out` is there, FAILED_PRECONDITION if another process is enrolling the
// same agent, or if the source is below what the enrolment permits (see
// skex::CheckPadSources()); else the errors of the source, the progress and the
// files. After an error nothing new is there. What a killed run left behind is
// cleared away by the next one for the same agent.
absl::StatusOr<skex::PadIdentity> EnrolAgent(FileSystem& files,
                                             const EnrolRequest& request,
                                             RandomSource& source,
                                             const PadProgress& progress);

}  // namespace service

#endif  // SERVICE_ENROL_ENROL_H_
