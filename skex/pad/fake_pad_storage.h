#ifndef SKEX_PAD_FAKE_PAD_STORAGE_H_
#define SKEX_PAD_FAKE_PAD_STORAGE_H_

#include <memory>
#include <string>
#include <utility>

#include "skex/base/entropy.h"
#include "skex/pad/pad_storage.h"

namespace skex {

// A pad in memory, with knobs for failures. Copyable: a copy is a backup, and
// assigning it back restores the backup.
class FakePadStorage : public PadStorage {
 public:
  FakePadStorage(PadIdentity identity, absl::Span<const uint8_t> link_key,
                 std::string data);
  FakePadStorage(const FakePadStorage& other);
  FakePadStorage& operator=(const FakePadStorage& other);

  const PadIdentity& identity() const override { return identity_; }
  const Secret& link_key() const override { return link_key_; }
  const PadMarks& marks() const override { return marks_; }
  absl::Status CommitMarks(const PadMarks& marks) override;
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) override;
  absl::Status Erase(uint64_t from, uint64_t to) override;

  std::string& data() { return data_; }

  // While set, CommitMarks() and Erase() return it and change nothing.
  absl::Status failure;

 private:
  PadIdentity identity_;
  Secret link_key_;
  std::string data_;
  PadMarks marks_;
};

// Both ends of one pad.
struct FakePadPair {
  std::unique_ptr<FakePadStorage> agent;
  std::unique_ptr<FakePadStorage> hub;
};

// The smallest geometry that is useful in tests: `chunks` chunks of either
// stream, in one lane.
PadGeometry SmallGeometry(uint64_t chunks = 4);

FakePadPair MakeFakePads(const AgentId& agent, const HubId& hub,
                         const PadGeometry& geometry, Entropy& entropy,
                         PadSource source = PadSource::kGenerator);

}  // namespace skex

#endif  // SKEX_PAD_FAKE_PAD_STORAGE_H_
