#ifndef SERVICE_PADS_OPEN_PADS_H_
#define SERVICE_PADS_OPEN_PADS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "service/admin/control.h"
#include "service/pads/pad_watch.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_audit.h"
#include "service/storage/pad_file.h"
#include "skex/base/ids.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"
#include "skex/wire/link.h"

namespace service {

// The pads of one agent and one hub, as the operator of this end names them.
struct PadFiles {
  skex::Side side = skex::Side::kAgent;
  skex::AgentId agent;
  skex::HubId hub;
  std::vector<std::string> paths;               // oldest first; at least one
  std::optional<skex::PadSource> least_source;  // see skex::CheckPadSources()
};

// A pad file and the pad on top of it, which live and die together.
struct OpenPad {
  std::unique_ptr<PadFile> file;
  std::unique_ptr<skex::Pad> pad;
  const skex::PadIdentity& identity() const { return file->identity(); }
};

// How open pads become those that an operator names.
struct PadChange {
  std::vector<OpenPad> added;       // in the order of their use
  std::vector<skex::TableId> gone;  // open, and not named any more
};

// Finds out which of `wanted` are among `open` (oldest first) and opens the
// others, as PadFile::Open() and skex::Pad::Open() do; that may read a whole
// file. `audit` may be null; else every use is recorded there, and it must
// outlive the pads. Returns the files' errors, and
// - INVALID_ARGUMENT if two files are the same pad, or a new one stands before
//   one that is open,
// - FAILED_PRECONDITION if a pad has a lower source than it may.
absl::StatusOr<PadChange> PlanPads(FileSystem& files, const PadFiles& wanted,
                                   const std::vector<skex::PadIdentity>& open,
                                   PadAudit* audit);

// OpenPads are the pads that a daemon has open with one other end.
//
// Thread-compatible.
class OpenPads {
 public:
  // Carries out a change. `add` and `remove` tell the node of it; a pad is
  // there when `add` is called and still there when `remove` is.
  void Apply(PadChange change, const std::function<void(skex::Pad*)>& add,
             const std::function<void(const skex::TableId&)>& remove);

  std::vector<skex::PadIdentity> identities() const;
  // Oldest first.
  std::vector<skex::Pad*> pads() const;

  // What is left, for the admin API and the metrics; `link` says which pads the
  // other end has.
  PadSupplyView View(const skex::Link& link, const PadOutlook& outlook) const;

 private:
  std::vector<OpenPad> pads_;
  // Of pads that are gone: what has been counted stays so.
  uint64_t gone_wasted_ = 0;
  uint64_t gone_syncs_ = 0;
};

}  // namespace service

#endif  // SERVICE_PADS_OPEN_PADS_H_
