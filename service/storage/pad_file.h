#ifndef SERVICE_STORAGE_PAD_FILE_H_
#define SERVICE_STORAGE_PAD_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_file_format.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/pad/pad_layout.h"
#include "skex/pad/pad_storage.h"

namespace service {

// PadFile is one side's half of a pad in a file of the format that
// pad_file_format.h describes. PadFileWriter makes such files.
//
// While a PadFile exists it holds an exclusive lock on the file. A mark that
// CommitMarks() made durable is never lost again, whatever writes were cut or
// dropped since; see docs/operations.md for what the medium must promise.
//
// Thread-compatible.
class PadFile : public skex::PadStorage {
 public:
  // Opens the pad of `agent` and `hub` for use by `side`. Before the first use
  // of an agent's file this reads all of it, to compare it with the hash that
  // came along; the first mark or erasure erases that hash. Opening alone
  // changes nothing, so that a daemon that cannot start leaves no trace.
  // `files` must outlive the result. Each error is one line that says what to
  // do:
  // - NOT_FOUND if there is no such file,
  // - PERMISSION_DENIED if other users could read it, it belongs to another
  //   user, or it cannot be opened,
  // - FAILED_PRECONDITION if another process holds it, or the format is newer
  //   than this program,
  // - INVALID_ARGUMENT if it is not a pad, or not of this side, agent or hub,
  // - DATA_LOSS if it is truncated, altered or damaged,
  // - RESOURCE_EXHAUSTED if the disk is full, UNAVAILABLE for I/O errors.
  static absl::StatusOr<std::unique_ptr<PadFile>> Open(
      FileSystem* files, const std::string& path, skex::Side side,
      const skex::AgentId& agent, const skex::HubId& hub);

  PadFile(const PadFile&) = delete;
  PadFile& operator=(const PadFile&) = delete;

  const std::string& path() const { return path_; }

  const skex::PadIdentity& identity() const override {
    return header_.identity;
  }
  const skex::Secret& link_key() const override { return header_.link_key; }
  const skex::PadMarks& marks() const override { return current_.marks; }

  // As PadStorage says; also INTERNAL if a mark would go back or leave its
  // stream, which is a defect of the caller: nothing is written.
  absl::Status CommitMarks(const skex::PadMarks& marks) override;
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) override;
  absl::Status Erase(uint64_t from, uint64_t to) override;

 private:
  PadFile(std::string path, std::unique_ptr<File> file, PadFileHeader header);

  absl::Status CheckImport();
  absl::Status CheckData(const PadImport& import);
  absl::Status ForgetHash();
  absl::Status LoadMarks();
  absl::Status WriteSlot(size_t slot, const MarkSlot& marks);

  const std::string path_;
  const std::unique_ptr<File> file_;
  const PadFileHeader header_;
  MarkSlot current_;              // last known to be durable
  size_t current_slot_ = 0;       // where it stands
  bool hash_forgotten_ = false;   // durably, by this object
  uint64_t last_generation_ = 0;  // last written, durable or not
};

}  // namespace service

#endif  // SERVICE_STORAGE_PAD_FILE_H_
