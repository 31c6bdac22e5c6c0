#ifndef SERVICE_STORAGE_PAD_FILE_FORMAT_H_
#define SERVICE_STORAGE_PAD_FILE_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/secret.h"
#include "skex/pad/pad_layout.h"
#include "skex/pad/pad_storage.h"

namespace service {

// The bytes of a pad file. All integers are big-endian; what is not named is
// zero. Shared by PadFileWriter, PadFile and InspectPadFile().
//
//   offset   size
//        0   3072  header, never written again
//     3072    512  import flag
//     3584    512  import hash
//     4096   4096  mark slot 0
//     8192   4096  mark slot 1
//    12288   4096  unused
//    16384         pad data, geometry.total_bytes()
//
// header:      magic "skexpad\n", u16 version, u8 side, u8 source, table id
//              (16), u8 lanes, u64 mac bytes, u64 otp bytes, agent, hub (each
//              u16 length and bytes), link key (32); its last 32 bytes are the
//              SHA-256 of the rest of it.
// import flag: zeros until the data was checked and its first use is due, then
//              16 bytes that depend on the table.
// import hash: SHA-256 of the pad data, then SHA-256 of table id and that;
//              overwritten with zeros once the flag is durable, because a
//              stored hash tells an unbounded adversary about erased bytes.
// mark slot:   magic "skexmark", u64 generation, table id, then for each
//              direction, lane (of 8) and stream u64 claimed and u64 erased;
//              the 32 bytes behind are the SHA-256 of all that.
//
// The flag and the hash have sectors of their own: no write at the first use
// can tear the header.

inline constexpr absl::string_view kPadFileMagic = "skexpad\n";
inline constexpr uint16_t kPadFileVersion = 1;

inline constexpr uint64_t kPadHeaderOffset = 0;
inline constexpr size_t kPadHeaderSize = 3072;
inline constexpr uint64_t kImportFlagOffset = 3072;
inline constexpr uint64_t kImportHashOffset = 3584;
inline constexpr size_t kImportSectorSize = 512;
inline constexpr size_t kMarkSlots = 2;
inline constexpr size_t kMarkSlotSize = 4096;
inline constexpr uint64_t kPadDataOffset = 16384;

inline constexpr uint64_t MarkSlotOffset(size_t slot) {
  return 4096 + slot * kMarkSlotSize;
}

inline constexpr size_t kSha256Size = 32;
using Sha256Digest = std::array<uint8_t, kSha256Size>;

struct PadFileHeader {
  skex::Side side = skex::Side::kAgent;
  skex::PadIdentity identity;
  skex::Secret link_key;

  uint64_t file_size() const {
    return kPadDataOffset + identity.geometry.total_bytes();
  }
};

// kPadHeaderSize bytes; a Secret because of the link key.
skex::Secret EncodePadHeader(const PadFileHeader& header);

// Returns INVALID_ARGUMENT if `bytes` do not begin a pad file,
// FAILED_PRECONDITION for a newer format, DATA_LOSS if they are damaged.
absl::StatusOr<PadFileHeader> DecodePadHeader(absl::Span<const uint8_t> bytes);

// What is known of the check at the first use.
struct PadImport {
  bool checked = false;   // the flag is set
  bool has_hash = false;  // the hash is still there
  Sha256Digest hash{};
};

// The two import sectors: kImportSectorSize bytes each.
std::string EncodeImportFlag(const skex::TableId& table, bool checked);
std::string EncodeImportHash(const skex::TableId& table,
                             const Sha256Digest& hash);

// Takes both sectors, flag first. DATA_LOSS if they are neither of these.
absl::StatusOr<PadImport> DecodeImport(const skex::TableId& table,
                                       absl::Span<const uint8_t> bytes);

struct MarkSlot {
  uint64_t generation = 0;
  skex::PadMarks marks;
};

// kMarkSlotSize bytes.
std::string EncodeMarkSlot(const skex::TableId& table, const MarkSlot& slot);

// DATA_LOSS if the slot is torn, of another pad, or has a mark outside its
// stream.
absl::StatusOr<MarkSlot> DecodeMarkSlot(const skex::PadIdentity& identity,
                                        absl::Span<const uint8_t> bytes);

// Whether every mark of the pad's lanes lies inside its stream, the erased
// part inside the claimed one.
bool MarksFit(const skex::PadGeometry& geometry, const skex::PadMarks& marks);

// Whether no mark of `next` lies before that of `now`.
bool MarksAdvance(const skex::PadGeometry& geometry, const skex::PadMarks& now,
                  const skex::PadMarks& next);

}  // namespace service

#endif  // SERVICE_STORAGE_PAD_FILE_FORMAT_H_
