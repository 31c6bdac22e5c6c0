#include "service/storage/pad_file_reader.h"

#include <array>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "skex/base/secret.h"

namespace service {
namespace {

constexpr absl::string_view kWrongFile =
    "; give the path of a file that skexctl enrol made";
constexpr absl::string_view kCopyAgain =
    "; copy the file again from where it was made, or have it enrolled again";

absl::Status Because(const std::string& path, const absl::Status& why,
                     absl::string_view way_out) {
  return absl::Status(why.code(),
                      absl::StrCat(path, ": ", why.message(), way_out));
}

}  // namespace

absl::StatusOr<PadFileHeader> ReadPadHeader(const std::string& path,
                                            File& file) {
  absl::StatusOr<FileInfo> info = file.Info();
  if (!info.ok()) return info.status();
  if (info->kind != FileInfo::Kind::kRegular || info->size < kPadHeaderSize) {
    return Because(path, absl::InvalidArgumentError("is not a pad file"),
                   kWrongFile);
  }
  skex::Secret bytes = skex::Secret::OfSize(kPadHeaderSize);
  absl::Status status = file.ReadAt(kPadHeaderOffset, bytes.mutable_view());
  if (!status.ok()) return status;

  absl::StatusOr<PadFileHeader> header = DecodePadHeader(bytes.view());
  if (absl::IsInvalidArgument(header.status())) {
    return Because(path, header.status(), kWrongFile);
  }
  if (absl::IsDataLoss(header.status())) {
    return Because(path, header.status(), kCopyAgain);
  }
  if (!header.ok()) return Because(path, header.status(), "");
  if (info->size != header->file_size()) {
    return Because(
        path,
        absl::DataLossError(absl::StrCat(
            info->size < header->file_size() ? "is truncated" : "is too long",
            ": expected ", header->file_size(), " bytes, found ", info->size)),
        kCopyAgain);
  }
  return header;
}

absl::StatusOr<PadImport> ReadImport(File& file, const skex::TableId& table) {
  std::array<uint8_t, 2 * kImportSectorSize> sectors;
  absl::Status status = file.ReadAt(kImportFlagOffset, absl::MakeSpan(sectors));
  if (!status.ok()) return status;
  return DecodeImport(table, sectors);
}

absl::StatusOr<PadMarkSlots> ReadMarkSlots(File& file,
                                           const skex::PadIdentity& identity) {
  PadMarkSlots slots;
  for (size_t slot = 0; slot < kMarkSlots; ++slot) {
    std::array<uint8_t, kMarkSlotSize> bytes;
    absl::Status status =
        file.ReadAt(MarkSlotOffset(slot), absl::MakeSpan(bytes));
    if (!status.ok()) return status;
    absl::StatusOr<MarkSlot> marks = DecodeMarkSlot(identity, bytes);
    if (!marks.ok()) {
      ++slots.damaged;
    } else if (!slots.latest.has_value() ||
               marks->generation > slots.latest->generation) {
      slots.latest = *marks;
      slots.latest_slot = slot;
    }
  }
  return slots;
}

absl::StatusOr<PadFileInspection> InspectPadFile(FileSystem& files,
                                                 const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  absl::StatusOr<PadFileHeader> header = ReadPadHeader(path, **file);
  if (!header.ok()) return header.status();
  absl::StatusOr<PadImport> import = ReadImport(**file, header->identity.table);
  if (!import.ok()) return Because(path, import.status(), kCopyAgain);
  absl::StatusOr<PadMarkSlots> slots = ReadMarkSlots(**file, header->identity);
  if (!slots.ok()) return slots.status();
  return PadFileInspection{header->side, header->identity, header->file_size(),
                           import->checked, *std::move(slots)};
}

}  // namespace service
