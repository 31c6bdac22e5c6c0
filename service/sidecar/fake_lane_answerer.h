#ifndef SERVICE_SIDECAR_FAKE_LANE_ANSWERER_H_
#define SERVICE_SIDECAR_FAKE_LANE_ANSWERER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/sidecar/lane_answerer.h"

namespace service {

// Lane messages with a good header, of the right size, and otherwise full of
// `fill`: enough for whoever only carries them.
std::string FakeM1(char fill);
std::string FakeM2(char fill);
std::string FakeStale(char fill);

// FakeLaneAnswerer answers lane messages in a test: at once, or when the test
// says so. Thread-safe.
class FakeLaneAnswerer : public LaneAnswerer {
 public:
  using Answer = std::function<LaneReply(const std::string& message)>;

  // A message that waits for its answer.
  struct Held {
    std::string message;
    Done done;
  };

  // Without an Answer messages are held. Set it before the answerer is in use.
  void AnswerWith(Answer answer) { answer_ = std::move(answer); }

  bool HasLanes() const override { return has_lanes_; }
  void SetHasLanes(bool has_lanes) { has_lanes_ = has_lanes; }

  // Takes the oldest message that is held; waits for one.
  Held Await();

  // All messages that came, in order.
  std::vector<std::string> messages() const;

  void OnLaneMessage(std::string message, Done done) override;

 private:
  Answer answer_;
  std::atomic<bool> has_lanes_{true};

  mutable Mutex mutex_;
  CondVar came_;
  std::vector<std::string> messages_ ABSL_GUARDED_BY(mutex_);
  std::deque<Held> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_SIDECAR_FAKE_LANE_ANSWERER_H_
