#ifndef SERVICE_LANES_LANE_LINKS_TESTING_H_
#define SERVICE_LANES_LANE_LINKS_TESTING_H_

#include <deque>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/base/mutex.h"
#include "service/lanes/lane_link.h"
#include "skex/base/ids.h"

namespace service {

// What links told, in order, for a test to wait for. Must outlive them.
// Thread-safe.
class LaneLinkEvents {
 public:
  LaneLinkCallbacks Callbacks() {
    return {.on_up =
                [this](const skex::AgentId& peer) {
                  Add(absl::StrCat("up ", peer.text()));
                },
            .on_message =
                [this](const skex::AgentId& peer, std::string message) {
                  Add(absl::StrCat("from ", peer.text(), ": ", message));
                },
            .on_down =
                [this](const skex::AgentId& peer, absl::Status why) {
                  Add(absl::StrCat("down ", peer.text(), ": ",
                                   absl::StatusCodeToString(why.code())));
                }};
  }

  // Takes the oldest; waits for one. "up PEER", "from PEER: MESSAGE",
  // "down PEER: CODE".
  std::string Await() {
    MutexLock lock(&mutex_);
    while (events_.empty()) came_.Wait(&mutex_);
    std::string event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  void Add(std::string event) {
    MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
    came_.Signal();
  }

  Mutex mutex_;
  CondVar came_;
  std::deque<std::string> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_LANES_LANE_LINKS_TESTING_H_
