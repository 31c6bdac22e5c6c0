#ifndef SERVICE_BASE_INSTANT_NOW_H_
#define SERVICE_BASE_INSTANT_NOW_H_

#include "absl/time/clock.h"
#include "service/base/monotonic_time.h"
#include "skex/base/instant.h"

namespace service {

// Now, by both clocks: for the state machines.
inline skex::Instant InstantNow() { return {absl::Now(), MonotonicNow()}; }

}  // namespace service

#endif  // SERVICE_BASE_INSTANT_NOW_H_
