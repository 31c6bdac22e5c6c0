#ifndef SERVICE_RELAY_FRAME_PUMP_H_
#define SERVICE_RELAY_FRAME_PUMP_H_

#include <cstddef>
#include <deque>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/api/relay.grpc.pb.h"
#include "service/base/mutex.h"

namespace service {

// FramePump is what both ends of a relay stream have in common: a gRPC
// bidirectional reactor that queues what is to be sent and stops reading while
// too much of what came is not dealt with. `Reactor` is the client's or the
// server's reactor class of gRPC.
//
// gRPC allows one read and one write at a time, may call back from within the
// call that starts an operation, and forbids new operations once the stream
// was finished; hence the states below, and no lock across a start.
//
// Send(), Dealt() and End() are thread-safe; the derived class keeps the
// object alive until gRPC's OnDone().
template <class Reactor>
class FramePump : public Reactor {
 public:
  // Frames that wait to be sent. A peer that does not read them in time has
  // its stream ended.
  static constexpr size_t kMostQueued = 4096;
  // Messages that were delivered and not dealt with.
  static constexpr size_t kMostUndealt = 64;
  // Frames that wait go together in one message of up to so many bytes, or of
  // one frame: a message costs more than its bytes.
  static constexpr size_t kMostBytes = 1024 * 1024;

  // Sends a frame behind those before it. After the end it is dropped.
  void Send(std::string payload) {
    bool start = false;
    bool overflow = false;
    {
      MutexLock lock(&mutex_);
      if (ended_) return;
      overflow = queue_.size() >= kMostQueued;
      if (!overflow) {
        queue_.push_back(std::move(payload));
        start = !writing_ && TakeNext();
      }
    }
    if (overflow) Overflow();
    if (start) this->StartWrite(&outgoing_);
  }

  // The frames of one Deliver() are dealt with.
  void Dealt() {
    {
      MutexLock lock(&mutex_);
      --undealt_;
      if (ended_ || read_ != Read::kPaused || undealt_ > kMostUndealt / 2) {
        return;
      }
      read_ = Read::kStarting;
    }
    StartReading();
  }

 protected:
  // Frames came together; Dealt() is due for them, once.
  virtual void Deliver(std::vector<std::string> frames) = 0;
  // No operation is running any more that would not end by itself: the derived
  // class finishes the stream. Called once.
  virtual void Finishing() = 0;
  // The peer does not read.
  virtual void Overflow() = 0;

  void BeginReading() {
    {
      MutexLock lock(&mutex_);
      read_ = Read::kStarting;
    }
    StartReading();
  }

  // No more frames either way. Finishing() follows, now or when what runs has
  // ended.
  void End() {
    {
      MutexLock lock(&mutex_);
      ended_ = true;
    }
    MaybeFinish();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      {
        MutexLock lock(&mutex_);
        read_ = Read::kPaused;
      }
      End();
      return;
    }
    std::vector<std::string> frames(
        std::make_move_iterator(incoming_.mutable_payload()->begin()),
        std::make_move_iterator(incoming_.mutable_payload()->end()));
    bool start = false;
    {
      MutexLock lock(&mutex_);
      ++undealt_;
      start = !ended_ && undealt_ < kMostUndealt;
      read_ = start ? Read::kStarting : Read::kPaused;
    }
    Deliver(std::move(frames));
    if (start) StartReading();
    MaybeFinish();
  }

  void OnWriteDone(bool ok) override {
    bool start = false;
    {
      MutexLock lock(&mutex_);
      if (!ok) ended_ = true;
      start = !ended_ && TakeNext();
      if (!start) writing_ = false;
    }
    if (start) this->StartWrite(&outgoing_);
    MaybeFinish();
  }

 private:
  enum class Read { kPaused, kStarting, kRunning };

  // Moves the next frames to where gRPC reads them. False if there is none.
  bool TakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (queue_.empty()) return false;
    outgoing_.clear_payload();
    size_t bytes = 0;
    do {
      bytes += queue_.front().size();
      outgoing_.add_payload(std::move(queue_.front()));
      queue_.pop_front();
    } while (!queue_.empty() && bytes + queue_.front().size() <= kMostBytes);
    writing_ = true;
    return true;
  }

  void StartReading() {
    this->StartRead(&incoming_);
    {
      MutexLock lock(&mutex_);
      if (read_ == Read::kStarting) read_ = Read::kRunning;
    }
    MaybeFinish();
  }

  void MaybeFinish() {
    {
      MutexLock lock(&mutex_);
      if (!ended_ || finished_ || writing_ || read_ == Read::kStarting) return;
      finished_ = true;
    }
    Finishing();
  }

  Mutex mutex_;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  size_t undealt_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  Read read_ ABSL_GUARDED_BY(mutex_) = Read::kPaused;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Touched by gRPC while an operation runs, and by us only between two.
  ::skex::relay::v1::Frame incoming_;
  ::skex::relay::v1::Frame outgoing_;
};

}  // namespace service

#endif  // SERVICE_RELAY_FRAME_PUMP_H_
