#ifndef SERVICE_STORAGE_PAD_FILE_READER_H_
#define SERVICE_STORAGE_PAD_FILE_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_file_format.h"
#include "skex/pad/pad_layout.h"

namespace service {

// Reads the header of the open pad file `path`. Returns INVALID_ARGUMENT if it
// is not a pad, FAILED_PRECONDITION for a newer format, DATA_LOSS if it is
// damaged or the file has not the size that it says; each with a way out.
absl::StatusOr<PadFileHeader> ReadPadHeader(const std::string& path,
                                            File& file);

// Reads the import record. DATA_LOSS if it is damaged.
absl::StatusOr<PadImport> ReadImport(File& file, const skex::TableId& table);

// The two mark slots, and which one counts.
struct PadMarkSlots {
  // The valid slot of the highest generation; none if both are damaged.
  std::optional<MarkSlot> latest;
  size_t latest_slot = 0;
  size_t damaged = 0;
};
absl::StatusOr<PadMarkSlots> ReadMarkSlots(File& file,
                                           const skex::PadIdentity& identity);

// What a pad file says of itself, without a secret byte.
struct PadFileInspection {
  skex::Side side;
  skex::PadIdentity identity;
  uint64_t file_size = 0;
  // The data was checked against its hash and the hash erased; true from the
  // beginning for a hub's half.
  bool imported = false;
  PadMarkSlots slots;
};

// Looks at a pad file without a lock and without changing it: a running
// process may have it open. Errors as above, and the file system's.
absl::StatusOr<PadFileInspection> InspectPadFile(FileSystem& files,
                                                 const std::string& path);

}  // namespace service

#endif  // SERVICE_STORAGE_PAD_FILE_READER_H_
