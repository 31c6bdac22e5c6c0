#include "service/storage/pad_audit.h"

#include <array>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {

absl::StatusOr<std::unique_ptr<PadAudit>> PadAudit::Open(
    FileSystem* files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files->Open(path, OpenMode::kAppend);
  if (!file.ok()) return file.status();
  absl::StatusOr<FileInfo> info = (*file)->Info();
  if (!info.ok()) return info.status();
  if (info->open_to_others()) {
    return absl::PermissionDeniedError(absl::StrCat(
        path, ": other users have access to it; chmod 600 ", path));
  }
  bool torn = false;
  if (info->kind == FileInfo::Kind::kRegular && info->size > 0) {
    std::array<uint8_t, 1> last;
    absl::Status status = (*file)->ReadAt(info->size - 1, absl::MakeSpan(last));
    if (!status.ok()) return status;
    torn = last[0] != '\n';
  }
  return absl::WrapUnique(new PadAudit(*std::move(file), torn));
}

PadAudit::PadAudit(std::unique_ptr<File> file, bool torn)
    : file_(std::move(file)), torn_(torn) {}

void PadAudit::Record(const skex::TableId& table, skex::Side side,
                      skex::Direction direction, skex::Stream stream,
                      skex::PadRange range) {
  const std::string line = absl::StrCat(
      table.Hex(), side == skex::Side::kAgent ? " agent" : " hub",
      direction == skex::SendDirection(side) ? " send" : " receive",
      stream == skex::Stream::kMac ? " mac " : " otp ", range.from, " ",
      range.to, "\n");
  MutexLock lock(&mutex_);
  const std::string record = torn_ ? absl::StrCat("\n", line) : line;
  absl::Status status = file_->Append(skex::AsBytes(record));
  torn_ = !status.ok();
  status_.Update(status);
}

skex::Pad::UseObserver PadAudit::ObserverOf(const skex::TableId& table,
                                            skex::Side side) {
  return [this, table, side](skex::Direction direction, skex::Stream stream,
                             skex::PadRange range) {
    Record(table, side, direction, stream, range);
  };
}

absl::Status PadAudit::status() const {
  MutexLock lock(&mutex_);
  return status_;
}

}  // namespace service
