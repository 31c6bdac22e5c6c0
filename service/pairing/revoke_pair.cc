#include "service/pairing/revoke_pair.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/enrol/unfinished.h"
#include "service/pairing/pair_folder.h"

namespace service {

absl::StatusOr<RevokedPair> RevokePair(FileSystem& files,
                                       const std::string& state_dir,
                                       const skex::AgentId& self,
                                       const skex::AgentId& peer) {
  const std::string folder = PairFolder(state_dir, peer);
  const std::string partial = HiddenName(folder, "partial");
  const std::string hidden = HiddenName(folder, "revoked");
  const bool paired = files.Info(folder).ok();
  if (!paired && !files.Info(partial).ok() && !files.Info(hidden).ok()) {
    return absl::NotFoundError(
        absl::StrCat(self.text(), " has no lanes with ", peer.text(), " in ",
                     state_dir, "; check the name (skexctl pair show)"));
  }
  absl::StatusOr<std::vector<std::unique_ptr<File>>> making =
      LockFolder(files, partial);
  if (!making.ok()) return making.status();
  absl::StatusOr<std::vector<std::unique_ptr<File>>> lanes =
      LockFolder(files, folder);
  if (!lanes.ok()) return lanes.status();
  absl::Status status = EraseFolder(files, partial);
  if (status.ok()) status = EraseFolder(files, hidden);
  if (!status.ok()) return status;
  if (!paired) return RevokedPair{.only_completed = true};
  status = files.Rename(folder, hidden);
  if (status.ok()) status = files.SyncFolder(FolderOf(folder));
  if (status.ok()) status = EraseFolder(files, hidden);
  if (!status.ok()) return status;
  return RevokedPair();
}

}  // namespace service
