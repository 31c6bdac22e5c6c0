#include "service/pairing/make_pair.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/enrol/unfinished.h"
#include "service/pairing/credential.h"
#include "service/storage/erase.h"
#include "skex/base/secret.h"

namespace service {
namespace {

using skex::Secret;

// One credential file under way, and its hidden name until then.
class Draft {
 public:
  Draft(FileSystem& files, std::string out)
      : files_(files),
        out_(std::move(out)),
        partial_(HiddenName(out_, "partial")) {}

  // Erases what a killed run left behind. Errors: see MakePair().
  absl::Status Prepare() const {
    if (files_.Info(out_).ok()) return IsThere();
    absl::StatusOr<bool> locked = IsLocked(files_, partial_);
    if (!locked.ok()) return locked.status();
    if (*locked) {
      return absl::FailedPreconditionError(absl::StrCat(
          partial_, ": another process is making this file; wait for it"));
    }
    return EraseAndRemove(files_, partial_);
  }

  absl::Status Write(const Credential& credential) {
    absl::StatusOr<std::unique_ptr<File>> file =
        files_.Open(partial_, OpenMode::kCreate);
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    const Secret bytes = EncodeCredential(credential);
    absl::Status status = file_->Lock();
    if (status.ok()) status = file_->WriteAt(0, bytes.view());
    return status.ok() ? file_->Sync() : status;
  }

  // Gives the file its name, durably.
  absl::Status Publish() {
    absl::Status status = files_.Rename(partial_, out_);
    if (absl::IsAlreadyExists(status)) return IsThere();
    if (!status.ok()) return status;
    published_ = true;
    return files_.SyncFolder(FolderOf(out_));
  }

  // Takes everything back that this run has made. Under its own name a
  // credential is whole at any time.
  void Discard() {
    if (file_ == nullptr) return;
    if (published_) {
      absl::Status status = files_.Rename(out_, partial_);
      if (status.ok()) status = files_.SyncFolder(FolderOf(out_));
      if (!status.ok()) return;
    }
    EraseAndRemove(files_, partial_).IgnoreError();
  }

 private:
  absl::Status IsThere() const {
    return absl::AlreadyExistsError(absl::StrCat(
        out_, ": is there already; choose another path or remove it"));
  }

  FileSystem& files_;
  const std::string out_;
  const std::string partial_;
  std::unique_ptr<File> file_;  // if this run has made it
  bool published_ = false;
};

absl::Status Check(const PairRequest& request) {
  if (request.agent_a == request.agent_b) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.agent_a.text(), " cannot be paired with itself; name two"));
  }
  if (request.out_a == request.out_b) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.out_a, ": each agent needs a file of its own; choose two"));
  }
  return absl::OkStatus();
}

absl::Status WriteBoth(const PairRequest& request, const Secret& root, Draft& a,
                       Draft& b) {
  absl::Status status =
      a.Write({request.agent_a, request.agent_b, root.Clone()});
  if (status.ok()) {
    status = b.Write({request.agent_b, request.agent_a, root.Clone()});
  }
  if (status.ok()) status = a.Publish();
  return status.ok() ? b.Publish() : status;
}

}  // namespace

absl::StatusOr<std::string> MakePair(FileSystem& files,
                                     const PairRequest& request,
                                     skex::Entropy& entropy) {
  absl::Status status = Check(request);
  if (!status.ok()) return status;
  Draft a(files, request.out_a);
  Draft b(files, request.out_b);
  status = a.Prepare();
  if (status.ok()) status = b.Prepare();
  if (!status.ok()) return status;
  Credential credential{request.agent_a, request.agent_b,
                        Secret::OfSize(kRootSize)};
  entropy.Fill(credential.root.mutable_view());
  status = WriteBoth(request, credential.root, a, b);
  if (status.ok()) return PairFingerprint(credential);
  a.Discard();
  b.Discard();
  return status;
}

}  // namespace service
