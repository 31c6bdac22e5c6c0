#ifndef SERVICE_STORAGE_LANE_FILE_H_
#define SERVICE_STORAGE_LANE_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "service/storage/file_system.h"
#include "service/storage/lane_file_format.h"
#include "skex/base/secret.h"
#include "skex/ratchet/lane_storage.h"

namespace service {

// LaneFile is the state of one end of a lane in a file of the format that
// lane_file_format.h describes: kLaneFileSize bytes, reserved when it is made.
//
// - While a LaneFile exists it holds an exclusive lock on the file.
// - A commit writes the slot that is free, syncs, then overwrites the other one
//   with zeros and syncs again. So at any time one whole state is on the
//   medium, and after an OK the replaced one is not. What a medium keeps behind
//   its own translation layer (flash, snapshots, copy-on-write) is out of
//   reach.
// - What a crash or a failed sync has left is completed by the next Load() or
//   Commit(): the state found is made durable, whatever else is there erased.
//
// Thread-compatible.
class LaneFile : public skex::LaneStorage {
 public:
  // Makes the file at `path`, mode 0600, durably and without a state. `files`
  // must outlive the result. Returns ALREADY_EXISTS if there is such a file,
  // FAILED_PRECONDITION if somebody locked it just now, and the file system's
  // errors: then nothing is left, unless the removal fails too.
  static absl::StatusOr<std::unique_ptr<LaneFile>> Create(
      FileSystem* files, const std::string& path);

  // Opens the file at `path`; changes nothing. `files` must outlive the result.
  // Each error is one line that says what to do:
  // - NOT_FOUND if there is no such file,
  // - PERMISSION_DENIED if other users could read it, it belongs to another
  //   user, or it cannot be opened,
  // - FAILED_PRECONDITION if another process holds it, or the format is newer
  //   than this program,
  // - INVALID_ARGUMENT if it is not a lane file,
  // - DATA_LOSS if it is truncated or too long,
  // - UNAVAILABLE for I/O errors.
  static absl::StatusOr<std::unique_ptr<LaneFile>> Open(
      FileSystem* files, const std::string& path);

  LaneFile(const LaneFile&) = delete;
  LaneFile& operator=(const LaneFile&) = delete;

  const std::string& path() const { return path_; }

  // As LaneStorage says. Also DATA_LOSS if both slots are damaged. May write,
  // to complete what was interrupted; then the errors of Commit().
  absl::StatusOr<skex::Secret> Load() override;

  // As LaneStorage says. Also INTERNAL if the state is longer than
  // kMostLaneState, which is a defect of the caller, and DATA_LOSS as Load();
  // nothing is written then. A commit that failed may be tried again, with that
  // state or another.
  absl::Status Commit(absl::Span<const uint8_t> state) override;

 private:
  LaneFile(FileSystem* files, std::string path, std::unique_ptr<File> file,
           bool has_state);

  absl::Status Settle();
  absl::Status WriteHeader();
  absl::Status WriteSlot(size_t slot, uint64_t generation,
                         absl::Span<const uint8_t> state);
  absl::Status EraseSlot(size_t slot);

  FileSystem* const files_;
  const std::string path_;
  const std::unique_ptr<File> file_;
  bool has_state_;        // the header is there
  bool settled_ = false;  // what is below is known
  size_t current_ = 1;    // the slot that holds the state, if there is one
  uint64_t last_generation_ = 0;
  // No byte of a slot behind this is anything but zero, on the medium.
  std::array<size_t, kLaneSlots> used_ = {kLaneSlotSize, kLaneSlotSize};
};

// The state in a lane file that another process may have open, for looking at:
// locks nothing, changes nothing. Errors as LaneFile::Open() and Load(), but
// for the lock; NOT_FOUND also if there is no state yet.
absl::StatusOr<skex::Secret> ReadLaneState(FileSystem& files,
                                           const std::string& path);

}  // namespace service

#endif  // SERVICE_STORAGE_LANE_FILE_H_
