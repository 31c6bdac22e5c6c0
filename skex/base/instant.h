#ifndef SKEX_BASE_INSTANT_H_
#define SKEX_BASE_INSTANT_H_

#include "absl/time/time.h"

namespace skex {

// The time as both clocks show it. Nothing in skex reads a clock: every event
// carries the instant at which it happened.
struct Instant {
  // Wall clock. Only for what two machines compare (expiry of an exchange).
  absl::Time wall;
  // Monotonic clock since an arbitrary start. For every duration: time-outs,
  // ages, lifetimes.
  absl::Duration mono;
};

}  // namespace skex

#endif  // SKEX_BASE_INSTANT_H_
