#include "service/enrol/pad_size.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "skex/pad/pad.h"

namespace service {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;
constexpr uint64_t kLargest = 1024 * kGiB;

}  // namespace

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  absl::string_view digits = text;
  uint64_t unit = 0;
  if (absl::ConsumeSuffix(&digits, "KiB")) unit = kKiB;
  if (unit == 0 && absl::ConsumeSuffix(&digits, "MiB")) unit = kMiB;
  if (unit == 0 && absl::ConsumeSuffix(&digits, "GiB")) unit = kGiB;
  const bool plain =
      digits.find_first_not_of("0123456789") == absl::string_view::npos;
  uint64_t count = 0;
  if (unit == 0 || !plain || !absl::SimpleAtoi(digits, &count)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::CHexEscape(text),
                     "' is not a size; write for example 512KiB, 64MiB or "
                     "1GiB"));
  }
  if (count > kLargest / unit) {
    return absl::InvalidArgumentError(
        absl::StrCat("a pad of ", text, " is too large; choose at most ",
                     FormatSize(kLargest)));
  }
  return count * unit;
}

std::string FormatSize(uint64_t bytes) {
  if (bytes >= kGiB) {
    return absl::StrFormat("%.4g GiB",
                           static_cast<double>(bytes) / double{kGiB});
  }
  if (bytes >= kMiB) {
    return absl::StrFormat("%.4g MiB",
                           static_cast<double>(bytes) / double{kMiB});
  }
  if (bytes >= kKiB) {
    return absl::StrFormat("%.4g KiB",
                           static_cast<double>(bytes) / double{kKiB});
  }
  return absl::StrCat(bytes, " bytes");
}

absl::StatusOr<skex::PadGeometry> GeometryFor(uint64_t size, uint32_t lanes) {
  if (lanes < 1 || lanes > skex::kMaxLanes) {
    return absl::InvalidArgumentError(absl::StrCat(
        lanes, " lanes are not possible; choose 1 to ", skex::kMaxLanes));
  }
  const uint64_t least = 2 * lanes * (skex::kMacChunk + skex::kOtpChunk);
  if (size < least) {
    return absl::InvalidArgumentError(
        absl::StrCat("a pad of ", FormatSize(size), " is too small; with ",
                     lanes, lanes == 1 ? " lane" : " lanes",
                     " choose at least ", least / kKiB, "KiB"));
  }
  const uint64_t lane = size / (2 * lanes);
  skex::PadGeometry geometry;
  geometry.lanes = static_cast<uint8_t>(lanes);
  geometry.mac_bytes =
      std::max(lane / 8 / skex::kMacChunk * skex::kMacChunk, skex::kMacChunk);
  geometry.otp_bytes =
      (lane - geometry.mac_bytes) / skex::kOtpChunk * skex::kOtpChunk;
  absl::Status status = geometry.Check();
  if (!status.ok()) return status;
  return geometry;
}

}  // namespace service
