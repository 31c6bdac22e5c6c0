#ifndef SERVICE_STORAGE_FILE_SYSTEM_H_
#define SERVICE_STORAGE_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace service {

// What the storage of this project asks of a file system, so that tests can
// put one under it that loses writes and runs full.
//
// Errors of all functions: NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
// RESOURCE_EXHAUSTED (disk or quota full, file too large), UNIMPLEMENTED (the
// file system lacks the operation), FAILED_PRECONDITION (held by another
// process), UNAVAILABLE (everything else, first of all EIO). The text names
// the path and the system's reason.

struct FileInfo {
  enum class Kind { kRegular, kFolder, kOther };
  Kind kind = Kind::kOther;
  uint32_t mode = 0;  // permission bits
  uint32_t owner = 0;
  uint64_t size = 0;

  // Whether users other than the owner have any permission.
  bool open_to_others() const { return (mode & 077) != 0; }
};

// An open file. Closing, on destruction, gives up its lock. Thread-compatible.
class File {
 public:
  virtual ~File() = default;

  // Fills `out` from `offset`. Returns OUT_OF_RANGE if the file ends before.
  virtual absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) = 0;

  // Writes all of `bytes`. After an error any part of them may be there.
  virtual absl::Status WriteAt(uint64_t offset,
                               absl::Span<const uint8_t> bytes) = 0;

  // Appends `bytes` with one system call (kAppend). After an error any part
  // of them may be there.
  virtual absl::Status Append(absl::Span<const uint8_t> bytes) = 0;

  // Returns OK when all that was written and the file's size are durable.
  virtual absl::Status Sync() = 0;

  // Makes the file at least `size` bytes long and reserves the space, as far
  // as the file system can.
  virtual absl::Status Allocate(uint64_t size) = 0;

  // Gives the space of [offset, offset + size) back to the file system; the
  // range reads as zeros. Drops writes to it that are not synced yet.
  virtual absl::Status PunchHole(uint64_t offset, uint64_t size) = 0;

  virtual absl::StatusOr<FileInfo> Info() = 0;

  // Takes an exclusive lock, held until this object is destroyed. Returns
  // FAILED_PRECONDITION at once if somebody else has it.
  virtual absl::Status Lock() = 0;
};

enum class OpenMode {
  kRead,
  kReadWrite,     // an existing file
  kCreate,        // read and write, a new file; ALREADY_EXISTS if there is one
  kOpenOrCreate,  // read and write
  kAppend,        // Append() and reading, created if missing
};

// Files by path. New files have mode 0600, new folders 0700. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path,
                                                     OpenMode mode) = 0;
  virtual absl::StatusOr<FileInfo> Info(const std::string& path) = 0;

  // Puts `from` in the place of `to`, atomically.
  virtual absl::Status Replace(const std::string& from,
                               const std::string& to) = 0;
  // Renames a file or folder; ALREADY_EXISTS if there is a `to`.
  virtual absl::Status Rename(const std::string& from,
                              const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;

  virtual absl::Status MakeFolder(const std::string& path) = 0;
  // The folder must be empty.
  virtual absl::Status RemoveFolder(const std::string& path) = 0;
  // The names in a folder, without "." and "..", sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(
      const std::string& path) = 0;
  // Makes renames, creations and removals in a folder durable.
  virtual absl::Status SyncFolder(const std::string& path) = 0;
};

// The folder in which `path` lies, and its last part.
std::string FolderOf(const std::string& path);
std::string BaseName(const std::string& path);

}  // namespace service

#endif  // SERVICE_STORAGE_FILE_SYSTEM_H_
