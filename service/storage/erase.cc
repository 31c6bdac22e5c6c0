#include "service/storage/erase.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace service {
namespace {

constexpr uint64_t kPiece = 1024 * 1024;
// Punching less costs more time than the space is worth.
constexpr uint64_t kLeastPunch = 1024 * 1024;
constexpr uint64_t kBlock = 4096;

}  // namespace

absl::Status EraseFileRange(File& file, uint64_t from, uint64_t to) {
  const std::vector<uint8_t> zeros(std::min(to - from, kPiece));
  for (uint64_t at = from; at < to;) {
    const uint64_t size = std::min<uint64_t>(to - at, zeros.size());
    absl::Status status = file.WriteAt(at, absl::MakeSpan(zeros).first(size));
    if (!status.ok()) return status;
    at += size;
  }
  // Before the punch: that drops dirty pages, and with them the overwriting.
  absl::Status status = file.Sync();
  if (!status.ok()) return status;
  const uint64_t first = (from + kBlock - 1) / kBlock * kBlock;
  const uint64_t last = to / kBlock * kBlock;
  if (to - from < kLeastPunch || first >= last) return absl::OkStatus();
  status = file.PunchHole(first, last - first);
  return absl::IsUnimplemented(status) ? absl::OkStatus() : status;
}

absl::Status EraseAndRemove(FileSystem& files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status())) return absl::OkStatus();
  if (!file.ok()) return file.status();
  absl::StatusOr<FileInfo> info = (*file)->Info();
  if (!info.ok()) return info.status();
  absl::Status status = EraseFileRange(**file, 0, info->size);
  if (!status.ok()) return status;
  status = files.Remove(path);
  return status.ok() ? files.SyncFolder(FolderOf(path)) : status;
}

}  // namespace service
