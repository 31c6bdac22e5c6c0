#include "service/storage/pad_file_writer.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {

absl::StatusOr<std::unique_ptr<PadFileWriter>> PadFileWriter::Create(
    FileSystem* files, const std::string& path, PadFileHeader header) {
  absl::Status geometry = header.identity.geometry.Check();
  if (!geometry.ok()) return geometry;
  if (header.link_key.size() != skex::kLinkKeySize) {
    return absl::InvalidArgumentError(
        absl::StrCat("a link key has ", skex::kLinkKeySize, " bytes, not ",
                     header.link_key.size()));
  }
  absl::StatusOr<std::unique_ptr<File>> file =
      files->Open(path, OpenMode::kCreate);
  if (!file.ok()) return file.status();
  auto writer =
      absl::WrapUnique(new PadFileWriter(*std::move(file), std::move(header)));
  // A second run that makes the same file must not clear this one away.
  absl::Status status = writer->file_->Lock();
  if (!status.ok()) return status;
  status = writer->file_->Allocate(writer->header_.file_size());
  if (!status.ok()) return status;
  return writer;
}

PadFileWriter::PadFileWriter(std::unique_ptr<File> file, PadFileHeader header)
    : file_(std::move(file)), header_(std::move(header)) {
  SHA256_Init(&hash_);
}

PadFileWriter::~PadFileWriter() {
  skex::Wipe({reinterpret_cast<uint8_t*>(&hash_), sizeof(hash_)});
}

absl::Status PadFileWriter::Append(absl::Span<const uint8_t> data) {
  if (data.size() > header_.identity.geometry.total_bytes() - written_) {
    return absl::OutOfRangeError("more data than the pad has room for");
  }
  absl::Status status = file_->WriteAt(kPadDataOffset + written_, data);
  if (!status.ok()) return status;
  SHA256_Update(&hash_, data.data(), data.size());
  written_ += data.size();
  return absl::OkStatus();
}

absl::Status PadFileWriter::Finish() {
  const skex::PadGeometry& geometry = header_.identity.geometry;
  const skex::TableId& table = header_.identity.table;
  if (written_ != geometry.total_bytes()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the pad has ", written_, " of its ",
                     geometry.total_bytes(), " bytes of data"));
  }
  Sha256Digest hash;
  SHA256_Final(hash.data(), &hash_);

  // The hub's half never travels, so there is nothing to check at its first
  // use, and its hash would only be a danger.
  const bool imported = header_.side == skex::Side::kHub;
  const std::string flag = EncodeImportFlag(table, imported);
  absl::Status status = file_->WriteAt(kImportFlagOffset, skex::AsBytes(flag));
  if (status.ok() && !imported) {
    const std::string sector = EncodeImportHash(table, hash);
    status = file_->WriteAt(kImportHashOffset, skex::AsBytes(sector));
  }
  for (size_t slot = 0; slot < kMarkSlots && status.ok(); ++slot) {
    const std::string bytes =
        EncodeMarkSlot(table, {slot + 1, skex::PadMarks::Fresh(geometry)});
    status = file_->WriteAt(MarkSlotOffset(slot), skex::AsBytes(bytes));
  }
  if (status.ok()) status = file_->Sync();
  if (!status.ok()) return status;
  status = file_->WriteAt(kPadHeaderOffset, EncodePadHeader(header_).view());
  return status.ok() ? file_->Sync() : status;
}

}  // namespace service
