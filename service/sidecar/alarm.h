#ifndef SERVICE_SIDECAR_ALARM_H_
#define SERVICE_SIDECAR_ALARM_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>

#include "absl/time/time.h"
#include "asio/io_context.hpp"
#include "asio/steady_timer.hpp"

namespace service {

class Alarm;

// AlarmClock runs the alarms of one worker: coarse time-outs, by the thousand,
// over one timer of the event loop, which is armed only while an alarm is set.
//
// Thread-compatible: belongs to its worker's thread.
class AlarmClock {
 public:
  // Alarms ring up to this much late, never early.
  static constexpr absl::Duration kTick = absl::Milliseconds(10);

  // `io` must outlive it. Must outlive its alarms.
  explicit AlarmClock(asio::io_context& io) : timer_(io) {}
  AlarmClock(const AlarmClock&) = delete;
  AlarmClock& operator=(const AlarmClock&) = delete;

 private:
  friend class Alarm;
  using Queue = std::multimap<int64_t, Alarm*>;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  Queue::iterator Add(absl::Duration delay, Alarm* alarm);
  void Remove(Queue::iterator entry);
  void Arm();
  void Ring();

  asio::steady_timer timer_;
  Queue queue_;  // by the tick at which they ring
  int64_t armed_ = kNever;
};

// Alarm calls a function once, after a while. It belongs to what the function
// works on and is off once destroyed.
class Alarm {
 public:
  // `clock` must outlive it.
  explicit Alarm(AlarmClock& clock) : clock_(clock) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { Cancel(); }

  // Calls `ring` from the event loop once `delay` has passed, instead of what
  // was set before. `ring` may set, cancel and destroy alarms, this one too.
  void Set(absl::Duration delay, std::function<void()> ring);

  // Nothing will ring.
  void Cancel();

 private:
  friend class AlarmClock;

  AlarmClock& clock_;
  std::function<void()> ring_;
  AlarmClock::Queue::iterator entry_;
  bool set_ = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_ALARM_H_
