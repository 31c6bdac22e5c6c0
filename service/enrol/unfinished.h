#ifndef SERVICE_ENROL_UNFINISHED_H_
#define SERVICE_ENROL_UNFINISHED_H_

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/storage/file_system.h"

namespace service {

// Pads and enrolments under way, and those that are being erased, have hidden
// names: whole ones appear and vanish by a rename, and what a killed run left
// behind is known by its name. The functions here are what enrolling,
// replenishing and revoking have in common, and pairing (service/pairing) needs
// too.

// `path` as `.NAME.ENDING` in its folder. No agent, and no pad of an agent, has
// such a name, so hubs pass over it.
std::string HiddenName(const std::string& path, absl::string_view ending);

// Whether a file is there that another open file has locked. Errors are the
// file system's.
absl::StatusOr<bool> IsLocked(FileSystem& files, const std::string& path);

// Returns FAILED_PRECONDITION if a running process makes one of these files,
// and the file system's errors.
absl::Status CheckNobodyMakes(FileSystem& files,
                              std::initializer_list<std::string> paths);

// Erases the files in a folder, then removes it. OK if there is none. Errors
// are the file system's; what is left is still to be erased.
absl::Status EraseFolder(FileSystem& files, const std::string& folder);

// Returns ALREADY_EXISTS with the way out if there is a file where the agent's
// half of a pad is to go.
absl::Status CheckOutIsFree(FileSystem& files, const std::string& out);

// Gives the finished half `partial` its name, durably. ALREADY_EXISTS as above,
// else the file system's errors. After an error it does not have that name.
absl::Status PublishOut(FileSystem& files, const std::string& partial,
                        const std::string& out);

}  // namespace service

#endif  // SERVICE_ENROL_UNFINISHED_H_
