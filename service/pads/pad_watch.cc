#include "service/pads/pad_watch.h"

#include <algorithm>
#include <utility>

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
                                 const Bytes& sizes) {
  PadOutlook outlook;
  const absl::Duration span = now.time - oldest.time;
  for (size_t i = 0; i < kStreams; ++i) {
    const auto left = static_cast<double>(now.left[i]);
    const auto size = static_cast<double>(sizes[i]);
    outlook.left = std::min(outlook.left, size > 0 ? left / size : 0);
    const uint64_t used =
        oldest.left[i] - std::min(oldest.left[i], now.left[i]);
    if (used == 0 || span < kLeastSpan) continue;
    outlook.time_left =
        std::min(outlook.time_left, span * (left / static_cast<double>(used)));
  }
  return outlook;
}

void PadWatch::Look(absl::Duration now, const std::string& name,
                    const std::vector<skex::Pad*>& pads) {
  Sample sample = {now, {}};
  Bytes sizes{};
  std::vector<skex::TableId> tables;
  for (const skex::Pad* pad : pads) {
    tables.push_back(pad->identity().table);
    const skex::PadGeometry& geometry = pad->identity().geometry;
    size_t i = 0;
    for (Direction direction :
         {Direction::kAgentToHub, Direction::kHubToAgent}) {
      for (Stream stream : {Stream::kMac, Stream::kOtp}) {
        const uint64_t left = pad->Remaining(direction, stream);
        sample.left[i] += left;
        if (left > 0) {
          sizes[i] +=
              stream == Stream::kMac ? geometry.mac_bytes : geometry.otp_bytes;
        }
        ++i;
      }
    }
  }
  Watched& watched = pads_[name];
  if (watched.tables != tables) {
    watched.tables = std::move(tables);
    watched.samples.clear();
  }
  if (watched.samples.empty() ||
      now - watched.samples.back().time >= kSampleInterval) {
    watched.samples.push_back(sample);
    if (watched.samples.size() > kSamples) watched.samples.pop_front();
  }
  watched.outlook = OutlookFrom(watched.samples.front(), sample, sizes);
  const size_t before = watched.level;
  watched.level = static_cast<size_t>(std::count_if(
      kLevels.begin(), kLevels.end(),
      [&watched](double level) { return watched.outlook.left <= level; }));
  if (watched.level <= before) return;
  log_->Warning(
      "pad_low",
      {{owner_, name},
       {"left",
        absl::StrCat(static_cast<int>(watched.outlook.left * 100), "%")},
       {"lasts", TimeText(watched.outlook.time_left)},
       {"way_out", "skexctl enrol --replenish"}});
}

PadOutlook PadWatch::OutlookOf(const std::string& name) const {
  const auto found = pads_.find(name);
  return found == pads_.end() ? PadOutlook() : found->second.outlook;
}

}  // namespace service
