#include "service/enrol/replenish.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/config/agent_folder.h"
#include "service/config/enrolment.h"
#include "service/enrol/pad_number.h"
#include "service/enrol/unfinished.h"
#include "service/storage/erase.h"
#include "service/storage/pad_file_reader.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr size_t kMaxEnrolmentSize = 1 << 20;

// One more pad under way, and the names that its halves have until then.
class Replenisher {
 public:
  Replenisher(FileSystem& files, const ReplenishRequest& request)
      : files_(files),
        request_(request),
        folder_(AgentFolder(request.state_dir, request.agent)),
        // Whatever number the pad gets: so leftovers are found.
        partial_pad_(HiddenName(PadPath(folder_, 1), "partial")),
        partial_out_(HiddenName(request.out, "partial")) {}

  absl::StatusOr<Replenished> Run(RandomSource& source,
                                  const PadProgress& progress) {
    absl::Status status = Prepare(source.kind());
    if (!status.ok()) return status;
    absl::StatusOr<skex::PadIdentity> identity =
        MakePadPair(files_,
                    {request_.agent, request_.hub, request_.geometry,
                     partial_out_, partial_pad_},
                    source, progress);
    // Somebody else began just now; what is there is not ours to clear away.
    if (absl::IsAlreadyExists(identity.status())) return identity.status();
    status = identity.ok() ? Publish(*identity) : identity.status();
    if (status.ok()) {
      return Replenished{*std::move(identity), pad_, earlier_.size() + 1,
                         least_source_};
    }
    EraseAndRemove(files_, partial_pad_).IgnoreError();
    EraseAndRemove(files_, partial_out_).IgnoreError();
    return status;
  }

 private:
  // The enrolment's text as it is, and what it is to be.
  struct Plan {
    std::string now;
    std::string next;
    std::optional<skex::PadSource> least_source;
  };

  absl::Status Prepare(skex::PadSource source) {
    if (absl::IsNotFound(files_.Info(folder_).status())) {
      return absl::NotFoundError(absl::StrCat(
          request_.agent.text(), " is not enrolled at ", request_.hub.text(),
          "; enrol it first, without --replenish"));
    }
    absl::Status status = EnsurePrivateFolder(files_, request_.state_dir);
    if (status.ok()) status = ReadPads();
    if (status.ok()) status = PlanEnrolment(source).status();
    if (status.ok()) status = CheckOutIsFree(files_, request_.out);
    if (status.ok()) {
      status = CheckNobodyMakes(files_, {partial_pad_, partial_out_});
    }
    if (status.ok()) status = EraseAndRemove(files_, partial_pad_);
    return status.ok() ? EraseAndRemove(files_, partial_out_) : status;
  }

  absl::Status ReadPads() {
    absl::StatusOr<std::vector<NumberedPad>> pads = ListPads(files_, folder_);
    if (!pads.ok()) return pads.status();
    if (pads->size() >= skex::kMostPads) {
      return absl::FailedPreconditionError(absl::StrCat(
          request_.agent.text(), " has ", pads->size(), " pads at ",
          request_.hub.text(),
          ", the most that are possible; revoke those that are used up "
          "(skexctl revoke --table)"));
    }
    earlier_.clear();
    for (const NumberedPad& pad : *pads) {
      absl::StatusOr<std::unique_ptr<File>> file =
          files_.Open(pad.path, OpenMode::kRead);
      if (!file.ok()) return file.status();
      absl::StatusOr<PadFileHeader> header = ReadPadHeader(pad.path, **file);
      if (!header.ok()) return header.status();
      earlier_.push_back(header->identity);
    }
    return absl::OkStatus();
  }

  // Reads the enrolment and checks all pads, the new one as the youngest,
  // against the least source that it is to have.
  absl::StatusOr<Plan> PlanEnrolment(skex::PadSource source) {
    const std::string path = EnrolmentPath(folder_);
    absl::StatusOr<std::string> text =
        ReadSmallFile(files_, path, kMaxEnrolmentSize);
    if (!text.ok()) return text.status();
    absl::StatusOr<Enrolment> enrolment = ParseEnrolment(path, *text);
    if (!enrolment.ok()) return enrolment.status();
    Plan plan{*text, *text};
    if (request_.least_source.has_value() &&
        request_.least_source != enrolment->least_source) {
      enrolment->least_source = request_.least_source;
      absl::StatusOr<std::string> next =
          WithLeastSource(path, *text, *request_.least_source);
      if (!next.ok()) return next.status();
      plan.next = *std::move(next);
    }
    plan.least_source = enrolment->least_source;
    std::vector<skex::PadSource> sources;
    for (const skex::PadIdentity& pad : earlier_) sources.push_back(pad.source);
    sources.push_back(source);
    absl::Status status =
        skex::CheckPadSources(sources, enrolment->least_source);
    if (status.ok()) return plan;
    return absl::Status(
        status.code(),
        absl::StrCat(request_.agent.text(), ": ", status.message(),
                     "; --least-source does it here"));
  }

  // The permission first, or a hub that starts at that moment refuses the pad.
  // Then the agent's half: without the hub's it is of no use.
  absl::Status Publish(const skex::PadIdentity& identity) {
    if (std::any_of(earlier_.begin(), earlier_.end(),
                    [&](const skex::PadIdentity& pad) {
                      return pad.table == identity.table;
                    })) {
      return absl::DataLossError(
          "the random source gave the bytes of an earlier pad again; never "
          "read one file for two pads");
    }
    absl::StatusOr<uint32_t> number = NextPadNumber(files_, folder_);
    if (!number.ok()) return number.status();
    pad_ = PadPath(folder_, *number);
    // Making a pad may take long; the operator may have edited it meanwhile.
    absl::StatusOr<Plan> enrolment = PlanEnrolment(identity.source);
    if (!enrolment.ok()) return enrolment.status();
    least_source_ = enrolment->least_source;
    const bool changes = enrolment->next != enrolment->now;
    const std::string path = EnrolmentPath(folder_);
    absl::Status status;
    if (changes) status = WriteFileDurably(files_, path, enrolment->next);
    if (status.ok()) status = PublishHalves();
    if (status.ok()) return files_.SyncFolder(folder_);
    if (changes) {
      WriteFileDurably(files_, path, enrolment->now).IgnoreError();
    }
    return status;
  }

  absl::Status PublishHalves() {
    absl::Status status = PublishOut(files_, partial_out_, request_.out);
    if (!status.ok()) return status;
    status = files_.Rename(partial_pad_, pad_);
    if (!status.ok()) EraseAndRemove(files_, request_.out).IgnoreError();
    return status;
  }

  FileSystem& files_;
  const ReplenishRequest& request_;
  const std::string folder_;
  const std::string partial_pad_;
  const std::string partial_out_;
  std::vector<skex::PadIdentity> earlier_;  // oldest first
  std::string pad_;                         // where the hub's half goes
  std::optional<skex::PadSource> least_source_;
};

}  // namespace

absl::StatusOr<Replenished> ReplenishAgent(FileSystem& files,
                                           const ReplenishRequest& request,
                                           RandomSource& source,
                                           const PadProgress& progress) {
  return Replenisher(files, request).Run(source, progress);
}

}  // namespace service
