#include "service/enrol/enrol.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/config/agent_folder.h"
#include "service/storage/erase.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr absl::string_view kPadName = "pad";
constexpr absl::string_view kEnrolmentName = "enrolment.toml";

// Names beginning with a dot are no agents' names, so the hub passes over
// them.
std::string Hidden(const std::string& path, absl::string_view ending) {
  return absl::StrCat(FolderOf(path), "/.", BaseName(path), ".", ending);
}

// Whether a file is there that another open file has locked.
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

// Erases the files in a folder, then removes it. OK if there is none.
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

// One enrolment under way, and the names that its parts have until then.
class Enroller {
 public:
  Enroller(FileSystem& files, const EnrolRequest& request)
      : files_(files),
        request_(request),
        folder_(AgentFolder(request.state_dir, request.agent)),
        partial_folder_(Hidden(folder_, "partial")),
        partial_pad_(absl::StrCat(partial_folder_, "/", kPadName)),
        partial_out_(Hidden(request.out, "partial")) {}

  absl::StatusOr<skex::PadIdentity> Run(RandomSource& source,
                                        const PadProgress& progress) {
    absl::Status status = Prepare();
    if (!status.ok()) return status;
    absl::StatusOr<skex::PadIdentity> identity =
        MakePadPair(files_,
                    {request_.agent, request_.hub, request_.geometry,
                     partial_out_, partial_pad_},
                    source, progress);
    // Somebody else began just now; what is there is not ours to clear away.
    if (absl::IsAlreadyExists(identity.status())) return identity;
    status = identity.ok() ? Publish() : identity.status();
    if (status.ok()) return identity;
    EraseFolder(files_, partial_folder_).IgnoreError();
    EraseAndRemove(files_, partial_out_).IgnoreError();
    return status;
  }

 private:
  absl::Status Prepare() {
    absl::Status status = EnsurePrivateFolder(files_, request_.state_dir);
    if (status.ok()) status = EnsurePrivateFolder(files_, FolderOf(folder_));
    if (!status.ok()) return status;
    if (files_.Info(folder_).ok()) {
      return absl::AlreadyExistsError(absl::StrCat(
          request_.agent.text(), " is enrolled at ", request_.hub.text(),
          " already; revoke it first (skexctl revoke)"));
    }
    if (files_.Info(request_.out).ok()) return OutExists();
    for (const std::string& path : {partial_pad_, partial_out_}) {
      absl::StatusOr<bool> locked = IsLocked(files_, path);
      if (!locked.ok()) return locked.status();
      if (*locked) {
        return absl::FailedPreconditionError(absl::StrCat(
            path, ": another process is making this pad; wait for it"));
      }
    }
    status = EraseFolder(files_, partial_folder_);
    if (status.ok()) status = EraseAndRemove(files_, partial_out_);
    return status.ok() ? files_.MakeFolder(partial_folder_) : status;
  }

  // The agent's half appears first: without the hub's it is of no use, while
  // an enrolment whose agent's half is lost would have to be revoked.
  absl::Status Publish() {
    absl::Status status = WriteFileDurably(
        files_, absl::StrCat(partial_folder_, "/", kEnrolmentName),
        FormatEnrolment(request_.enrolment));
    if (!status.ok()) return status;
    status = files_.Rename(partial_out_, request_.out);
    if (absl::IsAlreadyExists(status)) return OutExists();
    if (!status.ok()) return status;
    status = files_.SyncFolder(FolderOf(request_.out));
    if (status.ok()) status = files_.Rename(partial_folder_, folder_);
    if (status.ok()) return files_.SyncFolder(FolderOf(folder_));
    EraseAndRemove(files_, request_.out).IgnoreError();
    return status;
  }

  absl::Status OutExists() const {
    return absl::AlreadyExistsError(
        absl::StrCat(request_.out, ": is there already; choose another --out"));
  }

  FileSystem& files_;
  const EnrolRequest& request_;
  const std::string folder_;
  const std::string partial_folder_;
  const std::string partial_pad_;
  const std::string partial_out_;
};

}  // namespace

absl::StatusOr<skex::PadIdentity> EnrolAgent(FileSystem& files,
                                             const EnrolRequest& request,
                                             RandomSource& source,
                                             const PadProgress& progress) {
  return Enroller(files, request).Run(source, progress);
}

absl::StatusOr<Revoked> RevokeAgent(FileSystem& files,
                                    const std::string& state_dir,
                                    const skex::AgentId& agent) {
  const std::string folder = AgentFolder(state_dir, agent);
  const std::string hidden = Hidden(folder, "revoked");
  const bool enrolled = files.Info(folder).ok();
  const bool interrupted = files.Info(hidden).ok();
  if (!enrolled && !interrupted) {
    return absl::NotFoundError(
        absl::StrCat(agent.text(), " is not enrolled in ", state_dir,
                     "; check the name and the hub's configuration"));
  }
  absl::Status status = EraseFolder(files, hidden);
  if (!status.ok()) return status;
  Revoked revoked;
  if (!enrolled) return revoked;
  status = files.Rename(folder, hidden);
  if (status.ok()) status = files.SyncFolder(FolderOf(folder));
  if (!status.ok()) return status;
  absl::StatusOr<bool> locked =
      IsLocked(files, absl::StrCat(hidden, "/", kPadName));
  revoked.in_use = locked.ok() && *locked;
  // Also while a hub has the pad open: it refuses to use zeros.
  status = EraseFolder(files, hidden);
  if (!status.ok()) return status;
  return revoked;
}

}  // namespace service
