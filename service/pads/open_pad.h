#ifndef SERVICE_PADS_OPEN_PAD_H_
#define SERVICE_PADS_OPEN_PAD_H_

#include <memory>

#include "absl/status/statusor.h"
#include "service/admin/control.h"
#include "service/pads/pad_watch.h"
#include "service/storage/pad_audit.h"
#include "service/storage/pad_file.h"
#include "skex/pad/pad.h"

namespace service {

// A pad file and the pad on top of it, which live and die together.
struct OpenPad {
  std::unique_ptr<PadFile> file;
  std::unique_ptr<skex::Pad> pad;
};

// Opens the file as PadFile::Open() does and the pad as skex::Pad::Open() does.
// `audit` may be null; else every use is recorded there, and it must outlive
// the pad.
absl::StatusOr<OpenPad> OpenPadFile(FileSystem* files, const std::string& path,
                                    skex::Side side, const skex::AgentId& agent,
                                    const skex::HubId& hub, PadAudit* audit);

// What is left of a pad, for the admin API and the metrics.
PadView ViewOf(const skex::Pad& pad, const PadOutlook& outlook);

}  // namespace service

#endif  // SERVICE_PADS_OPEN_PAD_H_
