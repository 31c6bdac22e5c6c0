#include "service/sidecar/alarm.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "asio/error_code.hpp"

namespace service {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int64_t kTickMillis = 10;
static_assert(AlarmClock::kTick == absl::Milliseconds(kTickMillis));

int64_t NowMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             Clock::now().time_since_epoch())
      .count();
}

}  // namespace

AlarmClock::Queue::iterator AlarmClock::Add(absl::Duration delay,
                                            Alarm* alarm) {
  // One more millisecond, because the time now was rounded down. The bound
  // keeps the sum in range and is never reached.
  const int64_t due =
      NowMillis() + 1 +
      absl::ToInt64Milliseconds(std::min(
          absl::Ceil(delay, absl::Milliseconds(1)), absl::Hours(24 * 3650)));
  const int64_t tick = (due + kTickMillis - 1) / kTickMillis;
  const Queue::iterator entry = queue_.emplace(tick, alarm);
  Arm();
  return entry;
}

void AlarmClock::Remove(Queue::iterator entry) {
  queue_.erase(entry);
  // Left armed otherwise: one idle ring is cheaper than arming again for
  // every alarm that is cancelled in time, as nearly all are.
  if (queue_.empty()) {
    timer_.cancel();
    armed_ = kNever;
  }
}

void AlarmClock::Arm() {
  if (queue_.empty() || queue_.begin()->first >= armed_) return;
  armed_ = queue_.begin()->first;
  timer_.expires_at(
      Clock::time_point(std::chrono::milliseconds(armed_ * kTickMillis)));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) Ring();
  });
}

void AlarmClock::Ring() {
  armed_ = kNever;
  const int64_t now = NowMillis() / kTickMillis;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    Alarm* alarm = queue_.begin()->second;
    queue_.erase(queue_.begin());
    alarm->set_ = false;
    // The function may destroy the alarm that it is stored in.
    const std::function<void()> ring = std::exchange(alarm->ring_, nullptr);
    ring();
  }
  Arm();
}

void Alarm::Set(absl::Duration delay, std::function<void()> ring) {
  Cancel();
  ring_ = std::move(ring);
  entry_ = clock_.Add(delay, this);
  set_ = true;
}

void Alarm::Cancel() {
  if (!set_) return;
  set_ = false;
  clock_.Remove(entry_);
  ring_ = nullptr;
}

}  // namespace service
