#ifndef SERVICE_STORAGE_STATE_DIR_H_
#define SERVICE_STORAGE_STATE_DIR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/storage/file_system.h"

namespace service {

// Makes the folder `path` with mode 0700 if it is missing (its parent must be
// there). Returns PERMISSION_DENIED if other users have access to it or it
// belongs to one, INVALID_ARGUMENT if it is something else than a folder, and
// the file system's errors.
absl::Status EnsurePrivateFolder(FileSystem& files, const std::string& path);

// Puts `text` into the file `path` so that after a crash at any time the old
// or the new text is there. Errors are the file system's.
absl::Status WriteFileDurably(FileSystem& files, const std::string& path,
                              absl::string_view text);

// All of the file `path`. Returns RESOURCE_EXHAUSTED if it has more than
// `most` bytes, and the file system's errors.
absl::StatusOr<std::string> ReadSmallFile(FileSystem& files,
                                          const std::string& path, size_t most);

// StateDir is the state folder of a running daemon. While it exists no other
// process can have the folder.
//
// Thread-compatible.
class StateDir {
 public:
  // Opens the folder, making it if missing, and takes its lock. `program` is
  // "agent" or "hub", for the message. `files` must outlive the result.
  // Returns FAILED_PRECONDITION if a running process has it, else as
  // EnsurePrivateFolder().
  static absl::StatusOr<std::unique_ptr<StateDir>> Open(
      FileSystem* files, const std::string& path, absl::string_view program);

  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;

  const std::string& path() const { return path_; }
  // The path of `name` inside.
  std::string PathOf(absl::string_view name) const;

  // As the functions above, for a file inside the folder.
  absl::Status Write(absl::string_view name, absl::string_view text);
  absl::StatusOr<std::string> Read(absl::string_view name, size_t most);

 private:
  StateDir(FileSystem* files, std::string path, std::unique_ptr<File> lock);

  FileSystem* const files_;
  const std::string path_;
  const std::unique_ptr<File> lock_;
};

}  // namespace service

#endif  // SERVICE_STORAGE_STATE_DIR_H_
