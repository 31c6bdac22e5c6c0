#ifndef SERVICE_CONFIG_CHECK_FILES_H_
#define SERVICE_CONFIG_CHECK_FILES_H_

#include "absl/status/status.h"
#include "service/config/agent_config.h"
#include "service/config/hub_config.h"
#include "service/storage/file_system.h"

namespace service {

// Look at the files of a configuration without touching one or locking it, so
// that a running daemon may have them: whether the state folder and the pads,
// for a hub also those of all enrolments and these themselves, would be
// accepted at the start as to their owners and modes. A state folder that is
// missing is all right: the daemon makes it.
//
// For root, the user of the daemon is the owner of the state folder. For others
// it is they themselves.
//
// Return the first error, one line with the path and the way out.
absl::Status CheckFiles(const AgentConfig& config, FileSystem& files);
absl::Status CheckFiles(const HubConfig& config, FileSystem& files);

}  // namespace service

#endif  // SERVICE_CONFIG_CHECK_FILES_H_
