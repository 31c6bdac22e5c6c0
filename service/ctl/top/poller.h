#ifndef SERVICE_CTL_TOP_POLLER_H_
#define SERVICE_CTL_TOP_POLLER_H_

#include <functional>
#include <thread>

#include "absl/status/statusor.h"
#include "service/ctl/top/figures.h"

namespace service {

// Asks a daemon in a thread of its own, so that keys and signals are heard
// while it does not answer. Thread-compatible.
class Poller {
 public:
  using Ask = std::function<absl::StatusOr<Sample>()>;

  explicit Poller(Ask ask);
  // Waits for the question under way.
  ~Poller();

  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Readable when Take() has something; for poll(). Negative if the system gave
  // none: not to be used then.
  int fd() const { return fd_; }

  // Asks, unless a question is under way, or its answer was not taken.
  void Begin();
  // The answer to the last Begin(); waits for it. Only after a Begin(), once.
  absl::StatusOr<Sample> Take();

 private:
  const Ask ask_;
  const int fd_;  // an eventfd
  std::thread thread_;
  absl::StatusOr<Sample> answer_;  // written by the thread, read after its end
};

}  // namespace service

#endif  // SERVICE_CTL_TOP_POLLER_H_
