#ifndef SERVICE_PADS_PAD_WATCH_H_
#define SERVICE_PADS_PAD_WATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "service/log/log.h"
#include "skex/pad/pad.h"

namespace service {

// How long a pad will do. Of its four streams (two directions, mac and otp) the
// one counts that ends first.
struct PadOutlook {
  // Of the stream of which least is left: 1 for a new pad, 0 for a used-up one.
  double left = 1;
  // At the pace of the last day, or since the start; infinite if nothing was
  // used or it is not known yet.
  absl::Duration time_left = absl::InfiniteDuration();
};

// PadWatch tells the operator in time that a daemon's pads run low: with one
// event for each pad at each of kLevels, `pad_low`, which says how long the
// rest will do.
//
// Thread-compatible.
class PadWatch {
 public:
  static constexpr std::array<double, 3> kLevels = {0.30, 0.10, 0.03};
  // The pace is that of the last kSamples * kSampleInterval.
  static constexpr absl::Duration kSampleInterval = absl::Minutes(10);
  static constexpr size_t kSamples = 144;
  // Before this time the pace is not known.
  static constexpr absl::Duration kLeastSpan = absl::Minutes(1);

  // `owner`: what the other end of the pads is, "hub" or "agent". `log` must
  // outlive the watch.
  PadWatch(Log* log, std::string owner) : log_(log), owner_(std::move(owner)) {}

  // Looks at the pad with `name`, at `now` by the monotonic clock. Another
  // table under the same name begins anew.
  void Look(absl::Duration now, const std::string& name, const skex::Pad& pad);

  // As of the last look; a new pad's if there was none.
  PadOutlook OutlookOf(const std::string& name) const;

 private:
  static constexpr size_t kStreams = 4;
  using Left = std::array<uint64_t, kStreams>;
  struct Sample {
    absl::Duration time;
    Left left;
  };
  struct Watched {
    skex::TableId table;
    std::deque<Sample> samples;  // oldest first
    size_t level = 0;            // how many of kLevels were told
    PadOutlook outlook;
  };

  static PadOutlook OutlookFrom(const Sample& oldest, const Sample& now,
                                const skex::PadGeometry& geometry);

  Log* const log_;
  const std::string owner_;
  std::map<std::string, Watched> pads_;
};

}  // namespace service

#endif  // SERVICE_PADS_PAD_WATCH_H_
