#include "service/pads/pad_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace service {
namespace {

using skex::Direction;
using skex::Stream;

std::string TimeText(absl::Duration time) {
  if (time == absl::InfiniteDuration()) return "not known yet";
  if (time >= absl::Hours(48)) {
    return absl::StrCat(absl::ToInt64Hours(time) / 24, " days");
  }
  if (time >= absl::Hours(2)) {
    return absl::StrCat(absl::ToInt64Hours(time), " hours");
  }
  return absl::StrCat(absl::ToInt64Minutes(time), " minutes");
}

}  // namespace

PadOutlook PadWatch::OutlookFrom(const Sample& oldest, const Sample& now,
                                 const skex::PadGeometry& geometry) {
  PadOutlook outlook;
  const absl::Duration span = now.time - oldest.time;
  for (size_t i = 0; i < kStreams; ++i) {
    const auto left = static_cast<double>(now.left[i]);
    const uint64_t size = i % 2 == 0 ? geometry.mac_bytes : geometry.otp_bytes;
    outlook.left = std::min(outlook.left, left / static_cast<double>(size));
    const uint64_t used =
        oldest.left[i] - std::min(oldest.left[i], now.left[i]);
    if (used == 0 || span < kLeastSpan) continue;
    outlook.time_left =
        std::min(outlook.time_left, span * (left / static_cast<double>(used)));
  }
  return outlook;
}

void PadWatch::Look(absl::Duration now, const std::string& name,
                    const skex::Pad& pad) {
  Watched& watched = pads_[name];
  if (watched.table != pad.identity().table) {
    watched = {.table = pad.identity().table};
  }
  const Sample sample = {now,
                         {pad.Remaining(Direction::kAgentToHub, Stream::kMac),
                          pad.Remaining(Direction::kAgentToHub, Stream::kOtp),
                          pad.Remaining(Direction::kHubToAgent, Stream::kMac),
                          pad.Remaining(Direction::kHubToAgent, Stream::kOtp)}};
  if (watched.samples.empty() ||
      now - watched.samples.back().time >= kSampleInterval) {
    watched.samples.push_back(sample);
    if (watched.samples.size() > kSamples) watched.samples.pop_front();
  }
  watched.outlook =
      OutlookFrom(watched.samples.front(), sample, pad.identity().geometry);
  size_t level = watched.level;
  while (level < kLevels.size() && watched.outlook.left <= kLevels[level]) {
    ++level;
  }
  if (level == watched.level) return;
  watched.level = level;
  log_->Warning(
      "pad_low",
      {{owner_, name},
       {"left",
        absl::StrCat(static_cast<int>(watched.outlook.left * 100), "%")},
       {"lasts", TimeText(watched.outlook.time_left)},
       {"way_out", "enrol a new pad in time"}});
}

PadOutlook PadWatch::OutlookOf(const std::string& name) const {
  const auto found = pads_.find(name);
  return found == pads_.end() ? PadOutlook() : found->second.outlook;
}

}  // namespace service
