#include "skex/pad/pad_source.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace skex {
namespace {

constexpr PadSource kPadSources[] = {
    PadSource::kPhysical, PadSource::kGenerator, PadSource::kStretch};

}  // namespace

bool IsPadSource(uint8_t value) {
  return std::any_of(
      std::begin(kPadSources), std::end(kPadSources),
      [&](PadSource source) { return static_cast<uint8_t>(source) == value; });
}

absl::string_view PadSourceName(PadSource source) {
  switch (source) {
    case PadSource::kPhysical:
      return "physical";
    case PadSource::kGenerator:
      return "generator";
    case PadSource::kStretch:
      return "stretch";
  }
  return "unknown";
}

std::optional<PadSource> PadSourceNamed(absl::string_view name) {
  for (PadSource source : kPadSources) {
    if (PadSourceName(source) == name) return source;
  }
  return std::nullopt;
}

PadSource WorsePadSource(PadSource a, PadSource b) { return std::max(a, b); }

PadSource LeastPadSource(PadSource oldest, std::optional<PadSource> least) {
  return least.value_or(std::min(oldest, PadSource::kGenerator));
}

absl::Status CheckPadSources(absl::Span<const PadSource> oldest_first,
                             std::optional<PadSource> least) {
  if (oldest_first.empty()) return absl::OkStatus();
  const PadSource permitted = LeastPadSource(oldest_first.front(), least);
  const PadSource worst =
      *std::max_element(oldest_first.begin(), oldest_first.end());
  for (size_t i = 0; i < oldest_first.size(); ++i) {
    if (WorsePadSource(oldest_first[i], permitted) == permitted) continue;
    const absl::string_view reason = least.has_value() ? "least_source"
                                     : permitted == oldest_first.front()
                                         ? "the source of the oldest pad"
                                         : "the least without least_source";
    return absl::FailedPreconditionError(absl::StrCat(
        "pad ", i + 1, " of ", oldest_first.size(), " has the source ",
        PadSourceName(oldest_first[i]), ", which is below ",
        PadSourceName(permitted), ", ", reason, "; set least_source = \"",
        PadSourceName(worst), "\" to permit it, at both ends"));
  }
  return absl::OkStatus();
}

}  // namespace skex
