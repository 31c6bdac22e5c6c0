#ifndef SERVICE_ENROL_REVOKE_H_
#define SERVICE_ENROL_REVOKE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"

namespace service {

struct Revoked {
  bool in_use = false;  // a running hub still has a pad open
};

// Takes an agent away from a hub: its pads are overwritten and removed, the
// enrolment removed. From the first moment no start or reload of the hub sees
// the agent. A revocation that was interrupted is completed by the next one.
// Returns NOT_FOUND if the agent is not enrolled, and the files' errors.
absl::StatusOr<Revoked> RevokeAgent(FileSystem& files,
                                    const std::string& state_dir,
                                    const skex::AgentId& agent);

// The fewest digits that name a pad: two of an agent's pads begin with the same
// eight once in more than 10^8.
inline constexpr size_t kLeastTableDigits = 8;

struct RevokedTable {
  // The pad that was erased. None if there was no pad of that name, but one
  // whose revocation had been interrupted: it is erased now.
  std::optional<skex::TableId> table;
  bool in_use = false;  // a running hub still has the pad open
  size_t left = 0;      // pads that the agent has now
};

// Takes one pad away from an enrolled agent: it is overwritten and removed.
// `digits` are the first kLeastTableDigits or more hexadecimal digits of its
// table id. From the first moment no start or reload of the hub sees the pad.
// Revocations that were interrupted are completed first. Returns
// INVALID_ARGUMENT if `digits` are none, or not enough to tell two pads apart;
// NOT_FOUND if the agent is not enrolled or has no such pad;
// FAILED_PRECONDITION if it is the only one; and the files' errors.
absl::StatusOr<RevokedTable> RevokeTable(FileSystem& files,
                                         const std::string& state_dir,
                                         const skex::AgentId& agent,
                                         absl::string_view digits);

}  // namespace service

#endif  // SERVICE_ENROL_REVOKE_H_
