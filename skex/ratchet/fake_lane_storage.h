#ifndef SKEX_RATCHET_FAKE_LANE_STORAGE_H_
#define SKEX_RATCHET_FAKE_LANE_STORAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "skex/ratchet/lane_storage.h"

namespace skex {

// The state of one end of a lane in memory, with knobs for failures. Copyable:
// a copy is a backup, and assigning it back restores the backup.
class FakeLaneStorage : public LaneStorage {
 public:
  enum class Fault {
    kNone,
    // Commit() returns UNAVAILABLE: the old state survives, or the new one.
    // Who takes it for a crash throws the end away and opens it again.
    kBeforeCommit,
    kAfterCommit,
    // Commit() returns OK and writes nothing: the durable write left out.
    kForgets,
  };

  absl::StatusOr<Secret> Load() override;
  absl::Status Commit(absl::Span<const uint8_t> state) override;

  // For all commits to come.
  Fault fault = Fault::kNone;
  // While set, Commit() returns it, and nothing is written; Load() returns it
  // if `fails_load` is set too.
  absl::Status failure;
  bool fails_load = false;

  // The bytes as they would stand on the medium; nullopt before the first
  // commit. A test may change them.
  std::optional<std::string> state;
  uint64_t commits = 0;
};

}  // namespace skex

#endif  // SKEX_RATCHET_FAKE_LANE_STORAGE_H_
