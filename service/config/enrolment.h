#ifndef SERVICE_CONFIG_ENROLMENT_H_
#define SERVICE_CONFIG_ENROLMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "skex/base/ids.h"

namespace service {

// What a hub knows of one enrolled agent besides its pad. It lies beside the
// pad, in STATE_DIR/agents/<agent>/enrolment.toml.
struct Enrolment {
  // Initiators that may establish keys with this agent.
  std::vector<skex::AgentId> allow;
  // Bytes of this agent's pad that one initiator may use up in an hour; 0: no
  // limit.
  uint64_t pair_quota_bytes = 0;

  friend bool operator==(const Enrolment&, const Enrolment&) = default;
};

// As LoadAgentConfig(), for an enrolment.toml.
absl::StatusOr<Enrolment> LoadEnrolment(const std::string& path);

// The text of a file that LoadEnrolment() reads back.
std::string FormatEnrolment(const Enrolment& enrolment);

// One enrolled agent of a hub and its files.
struct EnrolledAgent {
  skex::AgentId name;
  std::string pad;        // path of the hub's half of the pad
  std::string enrolment;  // path of enrolment.toml
};

// The paths for one agent, whether or not it is enrolled.
EnrolledAgent EnrolmentPaths(const std::string& state_dir,
                             const skex::AgentId& agent);

// The agents enrolled under a hub's state folder, by name. An unfinished or
// half-removed enrolment is left out. Returns INVALID_ARGUMENT if an entry of
// the folder is not an agent's name, UNAVAILABLE if it cannot be read. No
// agents folder: an empty list.
absl::StatusOr<std::vector<EnrolledAgent>> ListEnrolments(
    const std::string& state_dir);

}  // namespace service

#endif  // SERVICE_CONFIG_ENROLMENT_H_
