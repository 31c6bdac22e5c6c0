#ifndef SERVICE_STORAGE_PAD_FILE_WRITER_H_
#define SERVICE_STORAGE_PAD_FILE_WRITER_H_

#include <openssl/sha.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_file_format.h"

namespace service {

// PadFileWriter makes one side's half of a pad: Create(), Append() until all
// data is there, Finish(). The header is written last: before Finish() has
// returned OK the file is not a pad. A file that is given up is the caller's
// to remove.
//
// Thread-compatible.
class PadFileWriter {
 public:
  // Makes the file at `path` and reserves its space. Returns INVALID_ARGUMENT
  // for a bad geometry or link key, ALREADY_EXISTS if there is such a file,
  // and the file system's errors.
  static absl::StatusOr<std::unique_ptr<PadFileWriter>> Create(
      FileSystem* files, const std::string& path, PadFileHeader header);

  ~PadFileWriter();
  PadFileWriter(const PadFileWriter&) = delete;
  PadFileWriter& operator=(const PadFileWriter&) = delete;

  // The next bytes of the pad. OUT_OF_RANGE if they are too many.
  absl::Status Append(absl::Span<const uint8_t> data);

  // Makes the file a pad, durably. FAILED_PRECONDITION if data is missing.
  absl::Status Finish();

 private:
  PadFileWriter(std::unique_ptr<File> file, PadFileHeader header);

  const std::unique_ptr<File> file_;
  const PadFileHeader header_;
  SHA256_CTX hash_;
  uint64_t written_ = 0;
};

}  // namespace service

#endif  // SERVICE_STORAGE_PAD_FILE_WRITER_H_
