#include "skex/pad/pad_layout.h"

#include "absl/strings/str_cat.h"
#include "skex/pad/pad.h"

namespace skex {

uint64_t PadGeometry::Begin(Direction direction, uint8_t lane,
                            Stream stream) const {
  const uint64_t index = static_cast<uint64_t>(direction) * lanes + lane;
  const uint64_t base = index * (mac_bytes + otp_bytes);
  return stream == Stream::kMac ? base : base + mac_bytes;
}

uint64_t PadGeometry::End(Direction direction, uint8_t lane,
                          Stream stream) const {
  return Begin(direction, lane, stream) +
         (stream == Stream::kMac ? mac_bytes : otp_bytes);
}

absl::Status PadGeometry::Check() const {
  if (lanes < 1 || lanes > kMaxLanes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a pad has 1 to ", kMaxLanes, " lanes, not ", lanes));
  }
  constexpr uint64_t kMostBytes = uint64_t{1} << 50;
  if (mac_bytes % kMacSlotSize != 0 || otp_bytes % kOtpBlockSize != 0 ||
      mac_bytes < kMacChunk || otp_bytes < kOtpChunk ||
      mac_bytes > kMostBytes || otp_bytes > kMostBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a lane of ", mac_bytes, " + ", otp_bytes, " bytes: want at least ",
        kMacChunk, " + ", kOtpChunk, ", in whole slots of ", kMacSlotSize,
        " and blocks of ", kOtpBlockSize));
  }
  return absl::OkStatus();
}

}  // namespace skex
