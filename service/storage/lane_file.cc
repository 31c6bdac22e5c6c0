#include "service/storage/lane_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/storage/erase.h"
#include "service/storage/private_file.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::Secret;

// The last resort for a lane that cannot be used.
constexpr absl::string_view kPairAnew =
    "; revoke the pair and make a new one at both agents (skexctl pair revoke, "
    "make, import)";

absl::Status Because(const std::string& path, const absl::Status& why,
                     absl::string_view way_out) {
  return absl::Status(why.code(),
                      absl::StrCat(path, ": ", why.message(), way_out));
}

absl::StatusOr<std::unique_ptr<File>> OpenChecked(FileSystem& files,
                                                  const std::string& path,
                                                  OpenMode mode) {
  absl::StatusOr<std::unique_ptr<File>> file = files.Open(path, mode);
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(
        absl::StrCat(path,
                     ": there is no such lane; import the credential of the "
                     "pair (skexctl pair import)"));
  }
  if (!file.ok()) return file.status();
  absl::StatusOr<FileInfo> info = (*file)->Info();
  if (!info.ok()) return info.status();
  absl::Status status = CheckPrivateFile(path, *info, "a lane file");
  if (!status.ok()) return status;
  return file;
}

absl::Status Lock(const std::string& path, File& file) {
  absl::Status status = file.Lock();
  if (!absl::IsFailedPrecondition(status)) return status;
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": another running process uses this lane; stop it first"));
}

// Whether the file has a state.
absl::StatusOr<bool> ReadHeader(const std::string& path, File& file) {
  absl::StatusOr<FileInfo> info = file.Info();
  if (!info.ok()) return info.status();
  // A file whose making was interrupted may have any size.
  std::array<uint8_t, kLaneHeaderSize> bytes{};
  absl::Status status =
      file.ReadAt(0, absl::MakeSpan(bytes).first(
                         std::min<uint64_t>(info->size, bytes.size())));
  if (!status.ok()) return status;
  absl::StatusOr<bool> has_state = DecodeLaneHeader(bytes);
  if (absl::IsInvalidArgument(has_state.status())) {
    return Because(path, has_state.status(),
                   "; give the path of a file that skexctl pair made");
  }
  if (!has_state.ok()) return Because(path, has_state.status(), "");
  if (*has_state && info->size != kLaneFileSize) {
    return Because(
        path,
        absl::DataLossError(absl::StrCat(
            info->size < kLaneFileSize ? "is truncated" : "is too long",
            ": expected ", kLaneFileSize, " bytes, found ", info->size)),
        kPairAnew);
  }
  return has_state;
}

struct Slots {
  std::optional<LaneSlot> latest;
  size_t latest_slot = 0;
};

// DATA_LOSS if there is no whole state, else the file's errors.
absl::StatusOr<LaneSlot> ReadSlot(File& file, size_t slot) {
  Secret buffer = Secret::OfSize(kLaneSlotSize);
  absl::Status status =
      file.ReadAt(LaneSlotOffset(slot), buffer.mutable_view());
  if (!status.ok()) return status;
  return DecodeLaneSlot(buffer.view());
}

absl::StatusOr<Slots> ReadSlots(File& file) {
  Slots slots;
  for (size_t slot = 0; slot < kLaneSlots; ++slot) {
    absl::StatusOr<LaneSlot> found = ReadSlot(file, slot);
    if (absl::IsDataLoss(found.status())) continue;
    if (!found.ok()) return found.status();
    if (!slots.latest.has_value() ||
        found->generation > slots.latest->generation) {
      slots.latest = *std::move(found);
      slots.latest_slot = slot;
    }
  }
  return slots;
}

absl::Status NoState(const std::string& path) {
  return absl::NotFoundError(
      absl::StrCat(path,
                   ": holds no state yet; the import of the credential "
                   "was interrupted (skexctl pair import)"));
}

absl::Status BothDamaged(const std::string& path) {
  return absl::DataLossError(
      absl::StrCat(path,
                   ": both of its slots are damaged, so nobody knows which "
                   "leaves were used",
                   kPairAnew));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LaneFile>> LaneFile::Create(
    FileSystem* files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files->Open(path, OpenMode::kCreate);
  if (absl::IsAlreadyExists(file.status())) {
    return absl::AlreadyExistsError(
        absl::StrCat(path,
                     ": is there already; revoke the pair first (skexctl pair "
                     "revoke)"));
  }
  if (!file.ok()) return file.status();
  absl::Status status = Lock(path, **file);
  if (status.ok()) status = (*file)->Allocate(kLaneFileSize);
  if (status.ok()) status = (*file)->Sync();
  if (status.ok()) status = files->SyncFolder(FolderOf(path));
  if (!status.ok()) {
    files->Remove(path).IgnoreError();
    return status;
  }
  auto lane =
      absl::WrapUnique(new LaneFile(files, path, *std::move(file), false));
  lane->used_ = {0, 0};
  return lane;
}

absl::StatusOr<std::unique_ptr<LaneFile>> LaneFile::Open(
    FileSystem* files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      OpenChecked(*files, path, OpenMode::kReadWrite);
  if (!file.ok()) return file.status();
  absl::Status status = Lock(path, **file);
  if (!status.ok()) return status;
  absl::StatusOr<bool> has_state = ReadHeader(path, **file);
  if (!has_state.ok()) return has_state.status();
  return absl::WrapUnique(
      new LaneFile(files, path, *std::move(file), *has_state));
}

LaneFile::LaneFile(FileSystem* files, std::string path,
                   std::unique_ptr<File> file, bool has_state)
    : files_(files),
      path_(std::move(path)),
      file_(std::move(file)),
      has_state_(has_state) {}

// Finds the state, and completes what was interrupted. What is read may stand
// in the page cache only, after a failed sync and a restart of the process. So
// before anything else is overwritten the state has to be on the medium; a
// write of the same bytes cannot tear it. Likewise zeros that are read may hide
// an old state on the medium: all of both slots is written.
absl::Status LaneFile::Settle() {
  if (settled_) return absl::OkStatus();
  if (has_state_) {
    absl::StatusOr<Slots> slots = ReadSlots(*file_);
    if (!slots.ok()) return slots.status();
    if (!slots->latest.has_value()) return BothDamaged(path_);
    current_ = slots->latest_slot;
    used_ = {kLaneSlotSize, kLaneSlotSize};
    last_generation_ = slots->latest->generation;
    absl::Status status =
        WriteSlot(current_, last_generation_, slots->latest->state.view());
    if (status.ok()) status = WriteHeader();
    if (status.ok()) status = EraseSlot(1 - current_);
    if (!status.ok()) return status;
  } else {
    // The file may be left from a Create() that was interrupted.
    absl::Status status = file_->Allocate(kLaneFileSize);
    if (status.ok()) status = files_->SyncFolder(FolderOf(path_));
    if (!status.ok()) return status;
  }
  settled_ = true;
  return absl::OkStatus();
}

absl::Status LaneFile::WriteHeader() {
  const std::string header = EncodeLaneHeader();
  absl::Status status = file_->WriteAt(0, skex::AsBytes(header));
  return status.ok() ? file_->Sync() : status;
}

// Writes over all that a longer state may have left there.
absl::Status LaneFile::WriteSlot(size_t slot, uint64_t generation,
                                 absl::Span<const uint8_t> state) {
  const Secret encoded = EncodeLaneSlot(generation, state);
  used_[slot] = std::max(used_[slot], encoded.size());
  Secret bytes = Secret::OfSize(used_[slot]);
  std::copy(encoded.view().begin(), encoded.view().end(),
            bytes.mutable_view().begin());
  absl::Status status = file_->WriteAt(LaneSlotOffset(slot), bytes.view());
  if (status.ok()) status = file_->Sync();
  if (status.ok()) used_[slot] = encoded.size();
  return status;
}

absl::Status LaneFile::EraseSlot(size_t slot) {
  if (used_[slot] == 0) return absl::OkStatus();
  const uint64_t begin = LaneSlotOffset(slot);
  absl::Status status = EraseFileRange(*file_, begin, begin + used_[slot]);
  if (status.ok()) used_[slot] = 0;
  return status;
}

absl::StatusOr<Secret> LaneFile::Load() {
  if (!has_state_) return NoState(path_);
  absl::Status status = Settle();
  if (!status.ok()) return status;
  // Not the newest: that may be of a commit that failed.
  absl::StatusOr<LaneSlot> slot = ReadSlot(*file_, current_);
  if (absl::IsDataLoss(slot.status())) return BothDamaged(path_);
  if (!slot.ok()) return slot.status();
  return std::move(slot->state);
}

absl::Status LaneFile::Commit(absl::Span<const uint8_t> state) {
  if (state.size() > kMostLaneState) {
    return absl::InternalError(absl::StrCat(
        path_, ": refused a state of ", state.size(), " bytes, more than ",
        kMostLaneState, "; this is a defect of the program"));
  }
  absl::Status status = Settle();
  if (!status.ok()) return status;
  // Never onto the slot that is known to be good. A failed attempt leaves that
  // one alone, and a repeated one overwrites what failed.
  const size_t slot = 1 - current_;
  status = WriteSlot(slot, ++last_generation_, state);
  if (!status.ok()) return status;
  current_ = slot;
  if (!has_state_) {
    status = WriteHeader();
    if (!status.ok()) return status;
    has_state_ = true;
  }
  return EraseSlot(1 - slot);
}

absl::StatusOr<Secret> ReadLaneState(FileSystem& files,
                                     const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      OpenChecked(files, path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  absl::StatusOr<bool> has_state = ReadHeader(path, **file);
  if (!has_state.ok()) return has_state.status();
  if (!*has_state) return NoState(path);
  // While its owner commits, a slot may be erased just before it is read and
  // the other one written just after. Not three times in a row.
  for (int attempt = 0; attempt < 3; ++attempt) {
    absl::StatusOr<Slots> slots = ReadSlots(**file);
    if (!slots.ok()) return slots.status();
    if (slots->latest.has_value()) return std::move(slots->latest->state);
  }
  return BothDamaged(path);
}

}  // namespace service
