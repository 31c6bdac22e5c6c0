#include "service/enrol/enrol.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/config/agent_folder.h"
#include "service/enrol/unfinished.h"
#include "service/storage/erase.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

// One enrolment under way, and the names that its parts have until then.
class Enroller {
 public:
  Enroller(FileSystem& files, const EnrolRequest& request)
      : files_(files),
        request_(request),
        folder_(AgentFolder(request.state_dir, request.agent)),
        partial_folder_(HiddenName(folder_, "partial")),
        partial_pad_(PadPath(partial_folder_, 1)),
        partial_out_(HiddenName(request.out, "partial")) {}

  absl::StatusOr<skex::PadIdentity> Run(RandomSource& source,
                                        const PadProgress& progress) {
    absl::Status status = CheckSource(source.kind());
    if (status.ok()) status = Prepare();
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
  // What the hub would refuse to open is not made.
  absl::Status CheckSource(skex::PadSource source) const {
    absl::Status status =
        skex::CheckPadSources({source}, request_.enrolment.least_source);
    if (status.ok()) return status;
    return absl::Status(
        status.code(),
        absl::StrCat(request_.agent.text(), ": ", status.message(),
                     "; --least-source does it here"));
  }

  absl::Status Prepare() {
    absl::Status status = EnsurePrivateFolder(files_, request_.state_dir);
    if (status.ok()) status = EnsurePrivateFolder(files_, FolderOf(folder_));
    if (!status.ok()) return status;
    if (files_.Info(folder_).ok()) {
      return absl::AlreadyExistsError(absl::StrCat(
          request_.agent.text(), " is enrolled at ", request_.hub.text(),
          " already; make one more pad for it with --replenish, or revoke it "
          "first (skexctl revoke)"));
    }
    status = CheckOutIsFree(files_, request_.out);
    if (status.ok()) {
      status = CheckNobodyMakes(files_, {partial_pad_, partial_out_});
    }
    if (status.ok()) status = EraseFolder(files_, partial_folder_);
    if (status.ok()) status = EraseAndRemove(files_, partial_out_);
    return status.ok() ? files_.MakeFolder(partial_folder_) : status;
  }

  // The agent's half appears first: without the hub's it is of no use, while
  // an enrolment whose agent's half is lost would have to be revoked.
  absl::Status Publish() {
    absl::Status status =
        WriteFileDurably(files_, EnrolmentPath(partial_folder_),
                         FormatEnrolment(request_.enrolment));
    if (!status.ok()) return status;
    status = PublishOut(files_, partial_out_, request_.out);
    if (!status.ok()) return status;
    status = files_.Rename(partial_folder_, folder_);
    if (status.ok()) return files_.SyncFolder(FolderOf(folder_));
    EraseAndRemove(files_, request_.out).IgnoreError();
    return status;
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

}  // namespace service
