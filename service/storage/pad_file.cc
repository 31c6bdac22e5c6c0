#include "service/storage/pad_file.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "service/storage/erase.h"
#include "service/storage/pad_file_reader.h"
#include "service/storage/private_file.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::Secret;
using skex::Side;

constexpr uint64_t kMiB = 1024 * 1024;

// The last resort for a pad that cannot be used.
std::string EnrolAgain(const PadFileHeader& header) {
  return absl::StrCat("have the hub's operator revoke and enrol ",
                      header.identity.agent.text(), " again");
}

absl::Status CheckNames(const std::string& path, const PadFileHeader& header,
                        Side side, const skex::AgentId& agent,
                        const skex::HubId& hub) {
  const skex::PadIdentity& is = header.identity;
  if (header.side != side) {
    return absl::InvalidArgumentError(
        side == Side::kAgent
            ? absl::StrCat(path,
                           ": is the hub's half of the pad; use the "
                           "file that skexctl enrol --out wrote")
            : absl::StrCat(path,
                           ": is the agent's half of the pad; a hub's "
                           "half lies in its state folder"));
  }
  if (is.agent != agent || is.hub != hub) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is the pad of ", is.agent.text(), " and ",
                     is.hub.text(), ", not of ", agent.text(), " and ",
                     hub.text(), "; use the file that was made for these two"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PadFile>> PadFile::Open(
    FileSystem* files, const std::string& path, Side side,
    const skex::AgentId& agent, const skex::HubId& hub) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files->Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(absl::StrCat(
        path, ": there is no such file; put the pad of ", agent.text(), " and ",
        hub.text(), " there (skexctl enrol makes it)"));
  }
  if (!file.ok()) return file.status();
  absl::StatusOr<FileInfo> info = (*file)->Info();
  if (!info.ok()) return info.status();
  absl::Status status = CheckPrivateFile(path, *info, "a pad file");
  if (!status.ok()) return status;
  status = (*file)->Lock();
  if (absl::IsFailedPrecondition(status)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     ": another running process uses this pad; stop it, "
                     "or give each process a pad of its own"));
  }
  if (!status.ok()) return status;

  absl::StatusOr<PadFileHeader> header = ReadPadHeader(path, **file);
  if (!header.ok()) return header.status();
  status = CheckNames(path, *header, side, agent, hub);
  if (!status.ok()) return status;
  auto pad =
      absl::WrapUnique(new PadFile(path, *std::move(file), *std::move(header)));
  status = pad->CheckImport();
  if (status.ok()) status = pad->LoadMarks();
  if (!status.ok()) return status;
  return pad;
}

PadFile::PadFile(std::string path, std::unique_ptr<File> file,
                 PadFileHeader header)
    : path_(std::move(path)),
      file_(std::move(file)),
      header_(std::move(header)) {}

absl::Status PadFile::CheckImport() {
  absl::StatusOr<PadImport> import = ReadImport(*file_, header_.identity.table);
  if (absl::IsDataLoss(import.status())) {
    return absl::DataLossError(absl::StrCat(
        path_, ": ", import.status().message(), "; ", EnrolAgain(header_)));
  }
  if (!import.ok()) return import.status();
  return import->checked ? absl::OkStatus() : CheckData(*import);
}

absl::Status PadFile::CheckData(const PadImport& import) {
  const uint64_t size = header_.identity.geometry.total_bytes();
  Secret buffer = Secret::OfSize(std::min(size, kMiB));
  SHA256_CTX context;
  SHA256_Init(&context);
  for (uint64_t at = 0; at < size;) {
    const absl::Span<uint8_t> piece = buffer.mutable_view().first(
        std::min<uint64_t>(size - at, buffer.size()));
    absl::Status status = file_->ReadAt(kPadDataOffset + at, piece);
    if (!status.ok()) return status;
    SHA256_Update(&context, piece.data(), piece.size());
    at += piece.size();
  }
  Sha256Digest hash;
  SHA256_Final(hash.data(), &context);
  skex::Wipe({reinterpret_cast<uint8_t*>(&context), sizeof(context)});
  if (skex::EqualInConstantTime(hash, import.hash)) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path_,
                   ": was altered since it was made: its data does not have "
                   "the hash in its header; ",
                   EnrolAgain(header_)));
}

// Before the first change of each start, not only of the first one: after a
// failed sync and a restart of the process the file reads as if these writes
// had come through.
absl::Status PadFile::ForgetHash() {
  if (hash_forgotten_) return absl::OkStatus();
  const std::string flag = EncodeImportFlag(header_.identity.table, true);
  absl::Status status = file_->WriteAt(kImportFlagOffset, skex::AsBytes(flag));
  if (status.ok()) status = file_->Sync();
  if (!status.ok()) return status;
  const std::array<uint8_t, kImportSectorSize> zeros{};
  status = file_->WriteAt(kImportHashOffset, zeros);
  if (status.ok()) status = file_->Sync();
  hash_forgotten_ = status.ok();
  return status;
}

absl::Status PadFile::LoadMarks() {
  absl::StatusOr<PadMarkSlots> slots = ReadMarkSlots(*file_, header_.identity);
  if (!slots.ok()) return slots.status();
  if (!slots->latest.has_value()) {
    return absl::DataLossError(absl::StrCat(
        path_,
        ": both of its mark slots are damaged, so nobody knows which "
        "bytes were used; ",
        EnrolAgain(header_)));
  }
  current_ = *slots->latest;
  current_slot_ = slots->latest_slot;
  last_generation_ = current_.generation;
  // The slot may stand in the page cache only, after a failed sync and a
  // restart of the process. Before the other slot is overwritten this one has
  // to be on the medium; a write of the same bytes cannot tear.
  return WriteSlot(current_slot_, current_);
}

absl::Status PadFile::WriteSlot(size_t slot, const MarkSlot& marks) {
  const std::string bytes = EncodeMarkSlot(header_.identity.table, marks);
  absl::Status status =
      file_->WriteAt(MarkSlotOffset(slot), skex::AsBytes(bytes));
  return status.ok() ? file_->Sync() : status;
}

absl::Status PadFile::CommitMarks(const skex::PadMarks& marks) {
  const skex::PadGeometry& geometry = header_.identity.geometry;
  if (!MarksFit(geometry, marks) ||
      !MarksAdvance(geometry, current_.marks, marks)) {
    return absl::InternalError(
        absl::StrCat(path_,
                     ": refused a mark that goes back or leaves its "
                     "stream; this is a defect of the program"));
  }
  absl::Status status = ForgetHash();
  if (!status.ok()) return status;
  // Never onto the slot that is known to be good. A failed attempt leaves that
  // one alone, and a repeated one overwrites what failed.
  const size_t slot = 1 - current_slot_;
  const MarkSlot next{last_generation_ + 1, marks};
  last_generation_ = next.generation;
  status = WriteSlot(slot, next);
  if (!status.ok()) return status;
  current_ = next;
  current_slot_ = slot;
  return absl::OkStatus();
}

absl::Status PadFile::Read(uint64_t offset, absl::Span<uint8_t> out) {
  const uint64_t size = header_.identity.geometry.total_bytes();
  if (offset > size || out.size() > size - offset) {
    return absl::OutOfRangeError(
        absl::StrCat(path_, ": [", offset, ", ", offset + out.size(),
                     ") is behind the end of the pad at ", size));
  }
  return file_->ReadAt(kPadDataOffset + offset, out);
}

absl::Status PadFile::Erase(uint64_t from, uint64_t to) {
  const uint64_t size = header_.identity.geometry.total_bytes();
  if (from > to || to > size) {
    return absl::OutOfRangeError(absl::StrCat(path_, ": [", from, ", ", to,
                                              ") is not a range of the pad"));
  }
  if (from == to) return absl::OkStatus();
  absl::Status status = ForgetHash();
  if (!status.ok()) return status;
  return EraseFileRange(*file_, kPadDataOffset + from, kPadDataOffset + to);
}

}  // namespace service
