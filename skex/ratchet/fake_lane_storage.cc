#include "skex/ratchet/fake_lane_storage.h"

#include "skex/base/bytes.h"

namespace skex {

absl::StatusOr<Secret> FakeLaneStorage::Load() {
  if (fails_load && !failure.ok()) return failure;
  if (!state.has_value()) return absl::NotFoundError("no state");
  return Secret::CopyOf(AsBytes(*state));
}

absl::Status FakeLaneStorage::Commit(absl::Span<const uint8_t> bytes) {
  if (!failure.ok()) return failure;
  ++commits;
  if (fault == Fault::kForgets) return absl::OkStatus();
  if (fault != Fault::kBeforeCommit) state = std::string(AsText(bytes));
  if (fault == Fault::kNone) return absl::OkStatus();
  return absl::UnavailableError("the disk fails");
}

}  // namespace skex
