#include "tests/simulation/generated_pad.h"

#include <utility>

#include "skex/base/seeded_entropy.h"

namespace skex {
namespace {

// A well mixed function of 64 bits (the finaliser of splitmix64).
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

GeneratedPad::GeneratedPad(PadIdentity identity, uint64_t seed)
    : identity_(std::move(identity)),
      seed_(Mix(seed)),
      link_key_(Secret::OfSize(kLinkKeySize)),
      marks_(PadMarks::Fresh(identity_.geometry)) {
  SeededEntropy(seed_).Fill(link_key_.mutable_view());
}

absl::Status GeneratedPad::CommitMarks(const PadMarks& marks) {
  if (!failure.ok()) return failure;
  marks_ = marks;
  return absl::OkStatus();
}

absl::Status GeneratedPad::Read(uint64_t offset, absl::Span<uint8_t> out) {
  const PadGeometry& geometry = identity_.geometry;
  if (offset > geometry.total_bytes() ||
      out.size() > geometry.total_bytes() - offset) {
    return absl::OutOfRangeError("read behind the end of the pad");
  }
  const uint64_t bent_from =
      geometry.Begin(Direction::kAgentToHub, 0, Stream::kOtp);
  const uint64_t bent_to =
      geometry.End(Direction::kAgentToHub, 0, Stream::kOtp);
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t at = offset + i;
    out[i] = static_cast<uint8_t>(Mix(seed_ ^ (at / 8)) >> (at % 8 * 8));
    if (bent_ && at >= bent_from && at < bent_to && at % 16 == 0) out[i] ^= 1;
  }
  // Erased bytes are zeros.
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    for (Stream stream : {Stream::kMac, Stream::kOtp}) {
      const uint64_t from = geometry.Begin(direction, 0, stream);
      const uint64_t to = marks_.at(direction, 0, stream).erased_upto;
      for (size_t i = 0; i < out.size(); ++i) {
        if (offset + i >= from && offset + i < to) out[i] = 0;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status GeneratedPad::Erase(uint64_t, uint64_t) {
  // What is erased follows from the marks, which are committed next.
  return failure;
}

}  // namespace skex
