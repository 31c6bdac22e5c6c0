#ifndef SERVICE_ENROL_PAD_NUMBER_H_
#define SERVICE_ENROL_PAD_NUMBER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/storage/file_system.h"

namespace service {

// The numbers of an agent's pads (see service/config/agent_folder.h) are never
// used again, or a pad could stand before older ones. The names in the folder
// tell the highest, unless that was revoked: then `.last-pad` beside them has
// it, in decimal digits.

// The number of the next pad in an agent's folder. Returns the errors of
// ListPads(), DATA_LOSS if `.last-pad` is not a number, and the file system's.
absl::StatusOr<uint32_t> NextPadNumber(FileSystem& files,
                                       const std::string& folder);

// Makes durable that `number` was used, before that pad goes. Errors as above.
absl::Status RememberPadNumber(FileSystem& files, const std::string& folder,
                               uint32_t number);

}  // namespace service

#endif  // SERVICE_ENROL_PAD_NUMBER_H_
