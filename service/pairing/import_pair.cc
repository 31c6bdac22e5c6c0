#include "service/pairing/import_pair.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/enrol/unfinished.h"
#include "service/pairing/credential.h"
#include "service/pairing/pair_folder.h"
#include "service/storage/erase.h"
#include "service/storage/lane_file.h"
#include "service/storage/state_dir.h"
#include "skex/base/secret.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"

namespace service {
namespace {

using skex::AgentId;
using skex::LaneSide;

// One import under way, and the names that its parts have until then.
class Importer {
 public:
  Importer(FileSystem& files, const ImportRequest& request,
           Credential credential)
      : files_(files),
        request_(request),
        peer_(credential.peer),
        folder_(PairFolder(request.state_dir, peer_)),
        partial_(HiddenName(folder_, "partial")),
        fingerprint_(PairFingerprint(credential)),
        lanes_(
            SplitRoot(std::move(credential.root), credential.holder, peer_)) {}

  // Returns when the lanes are durable.
  absl::StatusOr<Imported> Run() {
    Imported imported{peer_, fingerprint_, lanes_.outgoing.id,
                      lanes_.incoming.id};
    absl::Status status = Prepare();
    if (!status.ok()) return status;
    if (files_.Info(folder_).ok()) {
      imported.completed = true;
      status = CheckSame();
    } else {
      status = MakeLanes();
    }
    // The folders too may be left from a run that was interrupted.
    if (status.ok()) status = files_.SyncFolder(FolderOf(folder_));
    if (status.ok()) status = files_.SyncFolder(request_.state_dir);
    if (!status.ok()) return status;
    return imported;
  }

 private:
  absl::Status Prepare() {
    absl::Status status = EnsurePrivateFolder(files_, request_.state_dir);
    if (status.ok()) status = EnsurePrivateFolder(files_, FolderOf(folder_));
    if (status.ok()) {
      // A revocation comes to its end before the pair is made anew.
      status = EraseFolder(files_, HiddenName(folder_, "revoked"));
    }
    if (!status.ok()) return status;
    status = LockFolder(files_, partial_).status();
    if (absl::IsFailedPrecondition(status)) {
      return absl::FailedPreconditionError(
          absl::StrCat(partial_, ": another process imports a credential for ",
                       peer_.text(), "; wait for it"));
    }
    return status.ok() ? EraseFolder(files_, partial_) : status;
  }

  // Whether a lane that is there began with this credential. Either one may
  // have another root by now.
  bool IsOurs(const std::string& path, const skex::LaneId& id) const {
    absl::StatusOr<skex::Secret> bytes = ReadLaneState(files_, path);
    if (!bytes.ok()) return false;
    absl::StatusOr<skex::LaneState> state =
        skex::LaneState::Decode(bytes->view());
    return state.ok() && state->lanes[0].id == id;
  }

  absl::Status CheckSame() const {
    if (IsOurs(OutgoingLanePath(folder_), lanes_.outgoing.id) ||
        IsOurs(IncomingLanePath(folder_), lanes_.incoming.id)) {
      return absl::OkStatus();
    }
    return absl::AlreadyExistsError(
        absl::StrCat(request_.self.text(), " has lanes with ", peer_.text(),
                     " already; revoke them first (skexctl pair revoke --peer ",
                     peer_.text(), ")"));
  }

  absl::Status MakeLanes() {
    absl::Status status = files_.MakeFolder(partial_);
    // Somebody else began just now; what is there is not ours to clear away.
    if (!status.ok()) return status;
    status = MakeLane(OutgoingLanePath(partial_), LaneSide::kInitiator,
                      request_.self, peer_, std::move(lanes_.outgoing));
    if (status.ok()) {
      status = MakeLane(IncomingLanePath(partial_), LaneSide::kResponder, peer_,
                        request_.self, std::move(lanes_.incoming));
    }
    if (status.ok()) status = files_.Rename(partial_, folder_);
    if (!status.ok()) {
      open_.clear();
      EraseFolder(files_, partial_).IgnoreError();
    }
    return status;
  }

  // The lane stays locked until the import ends.
  absl::Status MakeLane(const std::string& path, LaneSide side,
                        const AgentId& initiator, const AgentId& responder,
                        skex::LaneSecrets secrets) {
    absl::StatusOr<std::unique_ptr<LaneFile>> lane =
        LaneFile::Create(&files_, path);
    if (!lane.ok()) return lane.status();
    open_.push_back(*std::move(lane));
    return ProvisionLane(open_.back().get(), side, initiator, responder,
                         std::move(secrets));
  }

  FileSystem& files_;
  const ImportRequest& request_;
  const AgentId peer_;
  const std::string folder_;
  const std::string partial_;
  const std::string fingerprint_;
  skex::LanePair lanes_;
  std::vector<std::unique_ptr<LaneFile>> open_;
};

// Hidden first: a file that is half overwritten would look damaged to the next
// run, while one of this name is known to be imported.
absl::Status EraseCredential(FileSystem& files, const std::string& path,
                             const std::string& hidden) {
  absl::Status status = files.Rename(path, hidden);
  if (status.ok()) status = files.SyncFolder(FolderOf(path));
  if (status.ok()) {
    status = EraseAndRemove(files, hidden);
    // If only the last sync failed, no more than zeros can come back.
    if (absl::IsNotFound(files.Info(hidden).status())) return absl::OkStatus();
  }
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("the lanes are in place, but the credential is not erased: ",
                   status.message(), "; repeat the import"));
}

}  // namespace

absl::StatusOr<std::optional<Imported>> ImportPair(
    FileSystem& files, const ImportRequest& request) {
  const std::string& path = request.credential;
  const std::string hidden = HiddenName(path, "imported");
  const bool interrupted = files.Info(hidden).ok();
  absl::Status status = EraseAndRemove(files, hidden);
  if (!status.ok()) return status;
  absl::StatusOr<OpenCredential> open =
      ReadCredential(files, path, request.self);
  if (interrupted && absl::IsNotFound(open.status())) return std::nullopt;
  if (!open.ok()) return open.status();
  absl::StatusOr<Imported> imported =
      Importer(files, request, std::move(open->credential)).Run();
  if (!imported.ok()) return imported.status();
  status = EraseCredential(files, path, hidden);
  if (!status.ok()) return status;
  return *std::move(imported);
}

}  // namespace service
