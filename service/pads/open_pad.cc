#include "service/pads/open_pad.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace service {

absl::StatusOr<OpenPad> OpenPadFile(FileSystem* files, const std::string& path,
                                    skex::Side side, const skex::AgentId& agent,
                                    const skex::HubId& hub, PadAudit* audit) {
  absl::StatusOr<std::unique_ptr<PadFile>> file =
      PadFile::Open(files, path, side, agent, hub);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<skex::Pad>> pad =
      skex::Pad::Open(file->get(), side, 0);
  if (!pad.ok()) {
    return absl::Status(pad.status().code(),
                        absl::StrCat(path, ": ", pad.status().message()));
  }
  if (audit != nullptr) {
    (*pad)->set_use_observer(
        audit->ObserverOf((*file)->identity().table, side));
  }
  return OpenPad{*std::move(file), *std::move(pad)};
}

PadView ViewOf(const skex::Pad& pad, const PadOutlook& outlook) {
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
  view.syncs = pad.syncs();
  view.left = outlook.left;
  view.time_left = outlook.time_left;
  view.source = std::string(skex::PadSourceName(identity.source));
  view.table = identity.table.Hex();
  return view;
}

}  // namespace service
