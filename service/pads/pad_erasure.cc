#include "service/pads/pad_erasure.h"

#include <utility>

namespace service {

void PadErasure::Run(absl::Duration now, absl::Span<skex::Pad* const> pads,
                     const PadAudit* audit) {
  const bool all = now >= all_at_;
  if (all) all_at_ = now + kEraseInterval;
  absl::Status worst = audit == nullptr ? absl::OkStatus() : audit->status();
  for (skex::Pad* pad : pads) {
    absl::Status status = pad->EraseUsed(all);
    if (!status.ok()) worst = std::move(status);
  }
  if (worst.ok() != failed_) return;
  failed_ = !worst.ok();
  if (failed_) {
    log_->Error("storage_failed", {{"reason", worst.message()}});
  } else {
    log_->Info("storage_recovered");
  }
}

}  // namespace service
