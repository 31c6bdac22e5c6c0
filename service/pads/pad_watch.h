#ifndef SERVICE_PADS_PAD_WATCH_H_
#define SERVICE_PADS_PAD_WATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/log/log.h"
#include "skex/base/ids.h"
#include "skex/pad/pad.h"

namespace service {

// How long the pads of one agent and one hub will do. Of the four streams (two
// directions, mac and otp) the one counts that ends first. A pad of which a
// stream is used up counts no more in it.
struct PadOutlook {
  // Of the stream of which least is left: 1 for new pads, 0 for used-up ones.
  double left = 1;
  // At the pace of the last day, or since the start; infinite if nothing was
  // used or it is not known yet.
  absl::Duration time_left = absl::InfiniteDuration();
};

// PadWatch tells the operator in time that a daemon's pads run low: with one
// event for each other end at each of kLevels, `pad_low`, which says how long
// the rest will do.
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

  // Looks at the pads with `name`, at `now` by the monotonic clock. When other
  // pads are among them than at the last look the pace is learnt anew.
  void Look(absl::Duration now, const std::string& name,
            const std::vector<skex::Pad*>& pads);

  // As of the last look; a new pad's if there was none.
  PadOutlook OutlookOf(const std::string& name) const;

 private:
  static constexpr size_t kStreams = 4;
  using Bytes = std::array<uint64_t, kStreams>;
  struct Sample {
    absl::Duration time;
    Bytes left;
  };
  struct Watched {
    std::vector<skex::TableId> tables;
    std::deque<Sample> samples;  // oldest first
    size_t level = 0;            // how many of kLevels it is at or below
    PadOutlook outlook;
  };

  // `sizes`: of the streams, when they were new.
  static PadOutlook OutlookFrom(const Sample& oldest, const Sample& now,
                                const Bytes& sizes);

  Log* const log_;
  const std::string owner_;
  std::map<std::string, Watched> pads_;
};

}  // namespace service

#endif  // SERVICE_PADS_PAD_WATCH_H_
