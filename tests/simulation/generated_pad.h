#ifndef TESTS_SIMULATION_GENERATED_PAD_H_
#define TESTS_SIMULATION_GENERATED_PAD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "skex/pad/pad_storage.h"

namespace skex {

// One end of a pad whose bytes are computed when they are read, so that
// thousands of pads take no memory. Erased bytes read as zeros, as from a file.
// Marks survive whoever uses the pad, as on a disk.
//
// Thread-compatible.
class GeneratedPad : public PadStorage {
 public:
  // Both ends of a pad have the same identity and seed.
  GeneratedPad(PadIdentity identity, uint64_t seed);

  const PadIdentity& identity() const override { return identity_; }
  const Secret& link_key() const override { return link_key_; }
  const PadMarks& marks() const override { return marks_; }
  absl::Status CommitMarks(const PadMarks& marks) override;
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) override;
  absl::Status Erase(uint64_t from, uint64_t to) override;

  // Flips a bit of every otp block in the direction from the agent: a hub whose
  // end is so lies about every share that it gets.
  void Bend() { bent_ = true; }

  // A backup of what is on the disk, and its return: the process that uses the
  // pad must be down.
  PadMarks Backup() const { return marks_; }
  void Restore(const PadMarks& backup) { marks_ = backup; }

  // While set, commits and erasures fail: a full disk.
  absl::Status failure;

 private:
  PadIdentity identity_;
  uint64_t seed_;
  Secret link_key_;
  PadMarks marks_;
  bool bent_ = false;
};

}  // namespace skex

#endif  // TESTS_SIMULATION_GENERATED_PAD_H_
