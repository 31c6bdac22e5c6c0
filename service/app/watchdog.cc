#include "service/app/watchdog.h"

#include <utility>

#include "service/base/monotonic_time.h"

namespace service {

Watchdog::Watchdog(absl::Duration interval, std::vector<Ping> pings,
                   std::function<void()> alive)
    : interval_(interval),
      pings_(std::move(pings)),
      alive_(std::move(alive)),
      thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(&round_->mutex);
    round_->stopping = true;
    round_->changed.SignalAll();
  }
  thread_.join();
}

void Watchdog::Run() {
  while (true) {
    const absl::Duration next = MonotonicNow() + interval_;
    PingAll();
    if (!AwaitAnswers()) return;
    alive_();
    if (!SleepUntil(next)) return;
  }
}

void Watchdog::PingAll() {
  {
    // A round begins when the one before is answered: no answer is of another.
    MutexLock lock(&round_->mutex);
    round_->missing = pings_.size();
  }
  for (const Ping& ping : pings_) {
    ping([round = round_] {
      MutexLock lock(&round->mutex);
      if (--round->missing == 0) round->changed.SignalAll();
    });
  }
}

bool Watchdog::AwaitAnswers() {
  MutexLock lock(&round_->mutex);
  while (round_->missing > 0 && !round_->stopping) {
    round_->changed.Wait(&round_->mutex);
  }
  return !round_->stopping;
}

bool Watchdog::SleepUntil(absl::Duration time) {
  MutexLock lock(&round_->mutex);
  while (!round_->stopping) {
    const absl::Duration left = time - MonotonicNow();
    if (left <= absl::ZeroDuration()) return true;
    round_->changed.WaitWithTimeout(&round_->mutex, left);
  }
  return false;
}

}  // namespace service
