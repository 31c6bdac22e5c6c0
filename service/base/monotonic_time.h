#ifndef SERVICE_BASE_MONOTONIC_TIME_H_
#define SERVICE_BASE_MONOTONIC_TIME_H_

#include <chrono>

#include "absl/time/time.h"

namespace service {

// The time since an arbitrary moment, by a clock that nobody sets: for every
// duration.
inline absl::Duration MonotonicNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace service

#endif  // SERVICE_BASE_MONOTONIC_TIME_H_
