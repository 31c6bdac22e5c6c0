#ifndef SERVICE_STORAGE_ERASE_H_
#define SERVICE_STORAGE_ERASE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "service/storage/file_system.h"

namespace service {

// Overwrites [from, to) of `file` with zeros, durably. Where the range has at
// least 1 MiB its whole blocks then go back to the file system, if that can
// take them. Returns the file's errors; the range may then be erased in part.
//
// What a medium keeps behind its own translation layer (flash, snapshots,
// copy-on-write) is out of reach.
absl::Status EraseFileRange(File& file, uint64_t from, uint64_t to);

// Overwrites all of the file at `path`, then removes it. OK if there is none.
absl::Status EraseAndRemove(FileSystem& files, const std::string& path);

}  // namespace service

#endif  // SERVICE_STORAGE_ERASE_H_
