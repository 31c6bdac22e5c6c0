#ifndef SERVICE_CTL_ONLINE_UNITS_H_
#define SERVICE_CTL_ONLINE_UNITS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// Quantities as people read them.

namespace service {

// "512 B", "1.5 KiB", "64.0 MiB", ... up to EiB.
std::string BytesText(uint64_t bytes);

// The two largest units: "2d 1h", "59m 0s", "90.0s" below two minutes, "12ms"
// below a second. "never" for absl::InfiniteDuration().
std::string DurationText(absl::Duration duration);

// `text` with everything escaped that is not printable ASCII: what a daemon
// says never reaches the terminal as a command.
std::string PrintableText(absl::string_view text);

// `text`, which is printable, or its beginning and a "~" if it is longer than
// `width`.
std::string CutText(absl::string_view text, size_t width);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_UNITS_H_
