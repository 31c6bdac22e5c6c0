#ifndef TESTS_FUZZ_COMPUTED_PAD_H_
#define TESTS_FUZZ_COMPUTED_PAD_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/dske/fake_links.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"
#include "skex/pad/pad_storage.h"

namespace skex {

// ComputedPad is a pad whose bytes are computed from where they stand, so that
// making one costs nothing: a target makes several for each input and uses few
// of their bytes. Erasing changes nothing.
class ComputedPad : public PadStorage {
 public:
  // Equal arguments give the two ends of one pad.
  ComputedPad(const PadIdentity& identity, uint64_t seed);

  const PadIdentity& identity() const override { return identity_; }
  const Secret& link_key() const override { return link_key_; }
  const PadMarks& marks() const override { return marks_; }
  absl::Status CommitMarks(const PadMarks& marks) override;
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) override;
  absl::Status Erase(uint64_t from, uint64_t to) override;

 private:
  const PadIdentity identity_;
  const uint64_t seed_;
  const Secret link_key_;
  PadMarks marks_;
};

// A link on a computed pad. `entropy` must outlive it.
std::unique_ptr<FakeLinks> LinksOnComputedPad(const AgentId& agent,
                                              const HubId& hub,
                                              const PadGeometry& geometry,
                                              PadSource source,
                                              Entropy* entropy);

// Uses `part` of 255 parts of what `pad` may send now, for nothing.
void UseUp(Pad& pad, Stream stream, uint8_t part);

}  // namespace skex

#endif  // TESTS_FUZZ_COMPUTED_PAD_H_
