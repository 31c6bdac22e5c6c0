#include "service/pads/open_pads.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/storage/pad_file_reader.h"
#include "skex/pad/pad_source.h"

namespace service {
namespace {

absl::StatusOr<OpenPad> OpenFile(FileSystem& files, const PadFiles& wanted,
                                 const std::string& path, PadAudit* audit) {
  absl::StatusOr<std::unique_ptr<PadFile>> file =
      PadFile::Open(&files, path, wanted.side, wanted.agent, wanted.hub);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<skex::Pad>> pad =
      skex::Pad::Open(file->get(), wanted.side, 0);
  if (!pad.ok()) {
    return absl::Status(pad.status().code(),
                        absl::StrCat(path, ": ", pad.status().message()));
  }
  if (audit != nullptr) {
    (*pad)->set_use_observer(
        audit->ObserverOf((*file)->identity().table, wanted.side));
  }
  return OpenPad{*std::move(file), *std::move(pad)};
}

// Which of `open` the file is; nullptr if none.
absl::StatusOr<const skex::PadIdentity*> FindOpen(
    FileSystem& files, const std::string& path,
    const std::vector<skex::PadIdentity>& open) {
  if (open.empty()) return nullptr;
  // Not its path: a new enrolment after a revocation has the path of the old.
  absl::StatusOr<PadFileInspection> file = InspectPadFile(files, path);
  if (!file.ok()) return file.status();
  for (const skex::PadIdentity& identity : open) {
    if (identity.table == file->identity.table) return &identity;
  }
  return nullptr;
}

PadView ViewOf(const skex::Pad& pad, bool connected) {
  const skex::Direction send = skex::SendDirection(pad.side());
  const skex::Direction receive = skex::ReceiveDirection(pad.side());
  const skex::PadIdentity& identity = pad.identity();
  PadView view;
  view.send_mac_bytes = pad.Remaining(send, skex::Stream::kMac);
  view.send_otp_bytes = pad.Remaining(send, skex::Stream::kOtp);
  view.receive_mac_bytes = pad.Remaining(receive, skex::Stream::kMac);
  view.receive_otp_bytes = pad.Remaining(receive, skex::Stream::kOtp);
  view.total_bytes = identity.geometry.total_bytes();
  view.wasted_bytes = pad.wasted_bytes();
  view.source = std::string(skex::PadSourceName(identity.source));
  view.table = identity.table.Hex();
  view.connected = connected;
  return view;
}

}  // namespace

absl::StatusOr<PadChange> PlanPads(FileSystem& files, const PadFiles& wanted,
                                   const std::vector<skex::PadIdentity>& open,
                                   PadAudit* audit) {
  PadChange change;
  std::map<skex::TableId, std::string> paths;
  std::vector<skex::PadSource> sources;
  for (const std::string& path : wanted.paths) {
    absl::StatusOr<const skex::PadIdentity*> known =
        FindOpen(files, path, open);
    if (!known.ok()) return known.status();
    skex::TableId table;
    if (*known != nullptr) {
      if (!change.added.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": is in use and stands behind the new pad ",
                         change.added.back().file->path(),
                         "; name the pads in the order of their age"));
      }
      table = (*known)->table;
      sources.push_back((*known)->source);
    } else {
      absl::StatusOr<OpenPad> pad = OpenFile(files, wanted, path, audit);
      if (!pad.ok()) return pad.status();
      table = pad->identity().table;
      sources.push_back(pad->identity().source);
      change.added.push_back(*std::move(pad));
    }
    const auto [same, unique] = paths.emplace(table, path);
    if (!unique) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": is a copy of ", same->second, "; remove one of them"));
    }
  }
  absl::Status allowed = skex::CheckPadSources(sources, wanted.least_source);
  if (!allowed.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("pads of ", wanted.agent.text(), " with ",
                     wanted.hub.text(), ": ", allowed.message()));
  }
  for (const skex::PadIdentity& identity : open) {
    if (!paths.contains(identity.table)) change.gone.push_back(identity.table);
  }
  return change;
}

void OpenPads::Apply(PadChange change,
                     const std::function<void(skex::Pad*)>& add,
                     const std::function<void(const skex::TableId&)>& remove) {
  // In this order there is always a pad.
  for (OpenPad& pad : change.added) {
    add(pad.pad.get());
    pads_.push_back(std::move(pad));
  }
  for (const skex::TableId& table : change.gone) {
    const auto found = std::find_if(
        pads_.begin(), pads_.end(),
        [&table](const OpenPad& pad) { return pad.identity().table == table; });
    if (found == pads_.end()) continue;
    remove(table);
    gone_wasted_ += found->pad->wasted_bytes();
    gone_syncs_ += found->pad->syncs();
    pads_.erase(found);
  }
}

std::vector<skex::PadIdentity> OpenPads::identities() const {
  std::vector<skex::PadIdentity> identities;
  for (const OpenPad& pad : pads_) identities.push_back(pad.identity());
  return identities;
}

std::vector<skex::Pad*> OpenPads::pads() const {
  std::vector<skex::Pad*> pads;
  for (const OpenPad& pad : pads_) pads.push_back(pad.pad.get());
  return pads;
}

PadSupplyView OpenPads::View(const skex::Link& link,
                             const PadOutlook& outlook) const {
  PadSupplyView view;
  view.left = outlook.left;
  view.time_left = outlook.time_left;
  view.wasted_bytes = gone_wasted_;
  view.syncs = gone_syncs_;
  for (const skex::Link::PadState& state : link.pads()) {
    view.wasted_bytes += state.pad->wasted_bytes();
    view.syncs += state.pad->syncs();
    view.pads.push_back(ViewOf(*state.pad, state.connected));
  }
  return view;
}

}  // namespace service
