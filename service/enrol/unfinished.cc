#include "service/enrol/unfinished.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/storage/erase.h"

namespace service {
namespace {

absl::Status OutExists(const std::string& out) {
  return absl::AlreadyExistsError(
      absl::StrCat(out, ": is there already; choose another --out"));
}

}  // namespace

std::string HiddenName(const std::string& path, absl::string_view ending) {
  return absl::StrCat(FolderOf(path), "/.", BaseName(path), ".", ending);
}

absl::StatusOr<bool> IsLocked(FileSystem& files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status())) return false;
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Lock();
  if (absl::IsFailedPrecondition(status)) return true;
  if (!status.ok()) return status;
  return false;
}

absl::Status CheckNobodyMakes(FileSystem& files,
                              std::initializer_list<std::string> paths) {
  for (const std::string& path : paths) {
    absl::StatusOr<bool> locked = IsLocked(files, path);
    if (!locked.ok()) return locked.status();
    if (*locked) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, ": another process is making this pad; wait for it"));
    }
  }
  return absl::OkStatus();
}

absl::Status EraseFolder(FileSystem& files, const std::string& folder) {
  absl::StatusOr<std::vector<std::string>> names = files.List(folder);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    absl::Status status =
        EraseAndRemove(files, absl::StrCat(folder, "/", name));
    if (!status.ok()) return status;
  }
  absl::Status status = files.RemoveFolder(folder);
  return status.ok() ? files.SyncFolder(FolderOf(folder)) : status;
}

absl::Status CheckOutIsFree(FileSystem& files, const std::string& out) {
  return files.Info(out).ok() ? OutExists(out) : absl::OkStatus();
}

absl::Status PublishOut(FileSystem& files, const std::string& partial,
                        const std::string& out) {
  absl::Status status = files.Rename(partial, out);
  if (absl::IsAlreadyExists(status)) return OutExists(out);
  if (!status.ok()) return status;
  status = files.SyncFolder(FolderOf(out));
  if (!status.ok()) EraseAndRemove(files, out).IgnoreError();
  return status;
}

}  // namespace service
