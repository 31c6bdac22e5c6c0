#include "service/storage/state_dir.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "service/storage/private_file.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::string_view kLockName = "lock";
// The lock file holds a process id in decimal digits, blanks and a newline, so
// that a shorter one overwrites a longer one.
constexpr size_t kLockSize = 21;

std::string HolderOf(File& lock) {
  std::string text(kLockSize, ' ');
  absl::Status status =
      lock.ReadAt(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  const absl::string_view pid = absl::StripAsciiWhitespace(text);
  const bool digits = std::all_of(pid.begin(), pid.end(), absl::ascii_isdigit);
  if (!status.ok() || pid.empty() || !digits) return "";
  return absl::StrCat(" (pid ", pid, ")");
}

}  // namespace

absl::Status EnsurePrivateFolder(FileSystem& files, const std::string& path) {
  absl::Status status = files.MakeFolder(path);
  if (status.ok()) return files.SyncFolder(FolderOf(path));
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(absl::StrCat(
        path, ": cannot be created: its parent folder is missing; make that"));
  }
  if (!absl::IsAlreadyExists(status)) return status;
  absl::StatusOr<FileInfo> info = files.Info(path);
  if (!info.ok()) return info.status();
  return CheckPrivateFolder(path, *info);
}

absl::Status WriteFileDurably(FileSystem& files, const std::string& path,
                              absl::string_view text) {
  // The name is fixed, so that what a crash left behind is overwritten.
  const std::string temporary =
      absl::StrCat(FolderOf(path), "/.", BaseName(path), ".partial");
  absl::Status status = files.Remove(temporary);
  if (!status.ok() && !absl::IsNotFound(status)) return status;
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(temporary, OpenMode::kCreate);
  if (!file.ok()) return file.status();
  status = (*file)->WriteAt(0, skex::AsBytes(text));
  if (status.ok()) status = (*file)->Sync();
  if (status.ok()) status = files.Replace(temporary, path);
  if (!status.ok()) {
    files.Remove(temporary).IgnoreError();
    return status;
  }
  return files.SyncFolder(FolderOf(path));
}

absl::StatusOr<std::string> ReadSmallFile(FileSystem& files,
                                          const std::string& path,
                                          size_t most) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  absl::StatusOr<FileInfo> info = (*file)->Info();
  if (!info.ok()) return info.status();
  if (info->kind != FileInfo::Kind::kRegular) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a regular file"));
  }
  if (info->size > most) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": has ", info->size, " bytes, more than ", most));
  }
  std::string text(info->size, '\0');
  absl::Status status = (*file)->ReadAt(
      0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  if (!status.ok()) return status;
  return text;
}

absl::StatusOr<std::unique_ptr<StateDir>> StateDir::Open(
    FileSystem* files, const std::string& path, absl::string_view program) {
  absl::Status status = EnsurePrivateFolder(*files, path);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<File>> lock =
      files->Open(absl::StrCat(path, "/", kLockName), OpenMode::kOpenOrCreate);
  if (!lock.ok()) return lock.status();
  status = (*lock)->Lock();
  if (absl::IsFailedPrecondition(status)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "state folder ", path, " is owned by another running ", program,
        HolderOf(**lock), "; stop it or choose another state_dir"));
  }
  if (!status.ok()) return status;
  std::string pid = absl::StrCat(getpid());
  pid.resize(kLockSize - 1, ' ');
  pid.push_back('\n');
  status = (*lock)->WriteAt(0, skex::AsBytes(pid));
  if (!status.ok()) return status;
  return absl::WrapUnique(new StateDir(files, path, *std::move(lock)));
}

StateDir::StateDir(FileSystem* files, std::string path,
                   std::unique_ptr<File> lock)
    : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}

std::string StateDir::PathOf(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

absl::Status StateDir::Write(absl::string_view name, absl::string_view text) {
  return WriteFileDurably(*files_, PathOf(name), text);
}

absl::StatusOr<std::string> StateDir::Read(absl::string_view name,
                                           size_t most) {
  return ReadSmallFile(*files_, PathOf(name), most);
}

}  // namespace service
