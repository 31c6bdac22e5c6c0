#include "tests/simulation/generated_pad.h"

#include <algorithm>
#include <cstddef>
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
  for (size_t i = 0; i < out.size();) {
    const uint64_t word = Mix(seed_ ^ ((offset + i) / 8));
    for (uint64_t byte = (offset + i) % 8; byte < 8 && i < out.size(); ++byte) {
      out[i++] = static_cast<uint8_t>(word >> (8 * byte));
    }
  }
  if (bent_ &&
      offset >= geometry.Begin(Direction::kAgentToHub, 0, Stream::kOtp) &&
      offset < geometry.End(Direction::kAgentToHub, 0, Stream::kOtp)) {
    for (size_t i = 0; i < out.size(); i += kOtpBlockSize) out[i] ^= 1;
  }
  // Erased bytes are zeros.
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    for (Stream stream : {Stream::kMac, Stream::kOtp}) {
      const uint64_t from =
          std::max(offset, geometry.Begin(direction, 0, stream));
      const uint64_t to = std::min(offset + out.size(),
                                   marks_.at(direction, 0, stream).erased_upto);
      if (from < to) {
        std::fill_n(out.begin() + static_cast<ptrdiff_t>(from - offset),
                    to - from, uint8_t{0});
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
