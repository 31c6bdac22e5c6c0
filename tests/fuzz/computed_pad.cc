#include "tests/fuzz/computed_pad.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace skex {
namespace {

// Of Steele, Lea and Flood's SplitMix64: never zero for two words in a row, so
// that there is no hole.
uint64_t Mixed(uint64_t word) {
  word += 0x9e3779b97f4a7c15;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

}  // namespace

ComputedPad::ComputedPad(const PadIdentity& identity, uint64_t seed)
    : identity_(identity),
      seed_(seed),
      link_key_(Secret::CopyOf(identity.table.bytes())),
      marks_(PadMarks::Fresh(identity.geometry)) {}

absl::Status ComputedPad::CommitMarks(const PadMarks& marks) {
  marks_ = marks;
  return absl::OkStatus();
}

absl::Status ComputedPad::Read(uint64_t offset, absl::Span<uint8_t> out) {
  if (offset + out.size() > identity_.geometry.total_bytes()) {
    return absl::OutOfRangeError("read behind the end of the pad");
  }
  // Whoever reads a pad reads whole granules, which are whole words.
  for (size_t at = 0; at < out.size(); at += sizeof(uint64_t)) {
    const uint64_t word = Mixed(seed_ + offset + at);
    std::memcpy(out.data() + at, &word,
                std::min(sizeof(word), out.size() - at));
  }
  return absl::OkStatus();
}

absl::Status ComputedPad::Erase(uint64_t, uint64_t) { return absl::OkStatus(); }

std::unique_ptr<FakeLinks> LinksOnComputedPad(const AgentId& agent,
                                              const HubId& hub,
                                              const PadGeometry& geometry,
                                              PadSource source,
                                              Entropy* entropy) {
  const PadIdentity identity = {RandomId<TableId>(*entropy), agent, hub, source,
                                geometry};
  uint64_t seed = 0;
  std::memcpy(&seed, identity.table.bytes().data(), sizeof(seed));
  return std::make_unique<FakeLinks>(
      std::make_unique<ComputedPad>(identity, seed),
      std::make_unique<ComputedPad>(identity, seed), entropy);
}

void UseUp(Pad& pad, Stream stream, uint8_t part) {
  const uint64_t granule =
      stream == Stream::kOtp ? kOtpBlockSize : kMacSlotSize;
  const uint64_t size = pad.Granted(stream) * part / 255;
  // Nothing may be left to take.
  pad.Take(stream, size / granule * granule).IgnoreError();
}

}  // namespace skex
