#ifndef SERVICE_STORAGE_PRIVATE_FILE_H_
#define SERVICE_STORAGE_PRIVATE_FILE_H_

#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/storage/file_system.h"

namespace service {

// Whether the file `path`, of which `info` was read, may hold secrets of
// `user`: a regular file that only they can read. `what` names what belongs
// there, like "a pad file". `user` is who runs this program, or the owner of
// the state folder where that is to hold. Returns INVALID_ARGUMENT if it is no
// regular file, PERMISSION_DENIED if it belongs to another user or others have
// any access; the text is one line that says what to do.
absl::Status CheckPrivateFile(const std::string& path, const FileInfo& info,
                              absl::string_view what,
                              uint32_t user = geteuid());

// The same for a folder of such files.
absl::Status CheckPrivateFolder(const std::string& path, const FileInfo& info,
                                uint32_t user = geteuid());

}  // namespace service

#endif  // SERVICE_STORAGE_PRIVATE_FILE_H_
