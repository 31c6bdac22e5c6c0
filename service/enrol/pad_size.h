#ifndef SERVICE_ENROL_PAD_SIZE_H_
#define SERVICE_ENROL_PAD_SIZE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/pad/pad_layout.h"

namespace service {

// Reads "512KiB", "64MiB" or "1GiB". Returns INVALID_ARGUMENT with these
// examples for everything else, and for what does not fit.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);

// "64 MiB", "1.5 GiB", "300 bytes".
std::string FormatSize(uint64_t bytes);

// How a pad of `size` bytes in both directions together is divided: an eighth
// of each lane for MAC keys, the rest for key material, both in whole chunks;
// what is left over is not used. Returns INVALID_ARGUMENT with the smallest
// size if it does not suffice, or with the number of lanes.
absl::StatusOr<skex::PadGeometry> GeometryFor(uint64_t size, uint32_t lanes);

}  // namespace service

#endif  // SERVICE_ENROL_PAD_SIZE_H_
