#ifndef SERVICE_CONFIG_AGENT_FOLDER_H_
#define SERVICE_CONFIG_AGENT_FOLDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"

namespace service {

// What a hub has of one enrolled agent is in a folder of its state folder,
// STATE_DIR/agents/<agent>/: enrolment.toml and the hub's halves of the pads,
// which are `pad`, then `pad-2`, `pad-3` and so on. A number is never used
// again while the enrolment lives, so the order of the numbers is the order in
// which the pads were made, also after some were revoked. Names that begin with
// a dot are of work under way or interrupted, and none of these.

// The paths of the folder and of what is in it, whether it is there or not.
std::string AgentFolder(const std::string& state_dir,
                        const skex::AgentId& agent);
std::string EnrolmentPath(const std::string& folder);
std::string PadPath(const std::string& folder, uint32_t number);

struct NumberedPad {
  uint32_t number = 1;  // `pad` has 1
  std::string path;
};

// The pads in an agent's folder, oldest first, possibly none. Returns NOT_FOUND
// if there is no such folder, INVALID_ARGUMENT with the path if it holds
// something else, and the file system's errors. Looks at the names alone.
absl::StatusOr<std::vector<NumberedPad>> ListPads(FileSystem& files,
                                                  const std::string& folder);

}  // namespace service

#endif  // SERVICE_CONFIG_AGENT_FOLDER_H_
