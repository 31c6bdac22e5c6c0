#ifndef SERVICE_APP_WATCHDOG_H_
#define SERVICE_APP_WATCHDOG_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"

namespace service {

// Watchdog proves that the daemon's event loops turn: at an interval it pings
// all of them, and only when each has answered it gives a sign of life. One
// loop that hangs is enough for silence; when it goes on, so do the signs.
//
// Thread-compatible; the answers may come on any thread.
class Watchdog {
 public:
  // Has `answer` called by the thread that is to prove itself, when that comes
  // to it; the answer may also come after the watchdog's end, or never.
  using Ping = std::function<void(std::function<void()> answer)>;

  // Starts at once. `alive` is called on a thread of the watchdog's own.
  Watchdog(absl::Duration interval, std::vector<Ping> pings,
           std::function<void()> alive);

  // Ends the thread, without waiting for answers.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  // What the answers touch; shared, for they may be late.
  struct Round {
    Mutex mutex;
    CondVar changed;
    size_t missing ABSL_GUARDED_BY(mutex) = 0;
    bool stopping ABSL_GUARDED_BY(mutex) = false;
  };

  void Run();
  void PingAll();
  // These return false if the watchdog ends.
  bool AwaitAnswers();
  bool SleepUntil(absl::Duration time);

  const absl::Duration interval_;
  const std::vector<Ping> pings_;
  const std::function<void()> alive_;
  const std::shared_ptr<Round> round_ = std::make_shared<Round>();
  std::thread thread_;
};

}  // namespace service

#endif  // SERVICE_APP_WATCHDOG_H_
