#include "service/pairing/pair_folder.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace service {

std::string PeersFolder(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/peers");
}

std::string PairFolder(const std::string& state_dir,
                       const skex::AgentId& peer) {
  return absl::StrCat(PeersFolder(state_dir), "/", peer.text());
}

std::string OutgoingLanePath(const std::string& folder) {
  return absl::StrCat(folder, "/outgoing");
}

std::string IncomingLanePath(const std::string& folder) {
  return absl::StrCat(folder, "/incoming");
}

absl::StatusOr<std::vector<std::unique_ptr<File>>> LockFolder(
    FileSystem& files, const std::string& folder) {
  std::vector<std::unique_ptr<File>> locked;
  absl::StatusOr<std::vector<std::string>> names = files.List(folder);
  if (absl::IsNotFound(names.status())) return locked;
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::string path = absl::StrCat(folder, "/", name);
    absl::StatusOr<std::unique_ptr<File>> file =
        files.Open(path, OpenMode::kReadWrite);
    if (!file.ok()) return file.status();
    absl::Status status = (*file)->Lock();
    if (absl::IsFailedPrecondition(status)) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, ": another running process uses this lane; stop it first"));
    }
    if (!status.ok()) return status;
    locked.push_back(*std::move(file));
  }
  return locked;
}

}  // namespace service
