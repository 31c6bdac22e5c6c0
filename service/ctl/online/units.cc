#include "service/ctl/online/units.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace service {

std::string BytesText(uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB",
                                                        "TiB", "PiB", "EiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.95 would be shown as 1024.0.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "never";
  if (duration < absl::ZeroDuration()) {
    return absl::StrCat("-", DurationText(-duration));
  }
  if (duration < absl::Seconds(1)) {
    return absl::StrCat(absl::ToInt64Milliseconds(duration), "ms");
  }
  if (duration < absl::Minutes(2)) {
    return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(absl::Trunc(
                                        duration, absl::Milliseconds(100))));
  }
  const int64_t seconds = absl::ToInt64Seconds(duration);
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (hours == 0) return absl::StrCat(minutes, "m ", seconds % 60, "s");
  if (hours < 24) return absl::StrCat(hours, "h ", minutes % 60, "m");
  return absl::StrCat(hours / 24, "d ", hours % 24, "h");
}

std::string PrintableText(absl::string_view text) {
  std::string printable;
  for (char c : text) {
    if (absl::ascii_isprint(c)) {
      printable += c;
    } else {
      absl::StrAppendFormat(&printable, "\\x%02x",
                            static_cast<unsigned char>(c));
    }
  }
  return printable;
}

std::string CutText(absl::string_view text, size_t width) {
  if (text.size() <= width) return std::string(text);
  if (width == 0) return "";
  return absl::StrCat(text.substr(0, width - 1), "~");
}

}  // namespace service
