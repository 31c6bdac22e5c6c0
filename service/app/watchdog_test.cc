#include "service/app/watchdog.h"

#include <deque>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "service/base/mutex.h"

namespace service {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(1);

// A loop that answers when the test says so.
class SlowLoop {
 public:
  Watchdog::Ping Ping() {
    return [this](std::function<void()> answer) {
      MutexLock lock(&mutex_);
      waiting_.push_back(std::move(answer));
      changed_.SignalAll();
    };
  }

  // Waits for a ping and answers it.
  void Turn() { Take()(); }

  // Waits for a ping and returns its answer, not given.
  std::function<void()> Take() {
    MutexLock lock(&mutex_);
    while (waiting_.empty()) changed_.Wait(&mutex_);
    std::function<void()> answer = std::move(waiting_.front());
    waiting_.pop_front();
    return answer;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
};

// Counts the signs of life.
class Signs {
 public:
  void Add() {
    MutexLock lock(&mutex_);
    ++count_;
    changed_.SignalAll();
  }
  void Await(int count) {
    MutexLock lock(&mutex_);
    while (count_ < count) changed_.Wait(&mutex_);
  }
  int count() {
    MutexLock lock(&mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(WatchdogTest, GivesASignForEachRoundOfAnswers) {
  SlowLoop one;
  SlowLoop other;
  Signs signs;
  Watchdog watchdog(kInterval, {one.Ping(), other.Ping()},
                    [&signs] { signs.Add(); });
  for (int round = 1; round <= 3; ++round) {
    one.Turn();
    other.Turn();
    signs.Await(round);
  }
}

TEST(WatchdogTest, OneLoopThatHangsMeansSilence) {
  SlowLoop lively;
  SlowLoop hung;
  Signs signs;
  Watchdog watchdog(kInterval, {lively.Ping(), hung.Ping()},
                    [&signs] { signs.Add(); });
  lively.Turn();
  std::function<void()> answer = hung.Take();
  // It was asked, the other one has answered, and still:
  EXPECT_EQ(signs.count(), 0);
  answer();
  signs.Await(1);
}

TEST(WatchdogTest, EndsWhileAnswersAreMissing) {
  SlowLoop hung;
  std::function<void()> late;
  Signs signs;
  {
    Watchdog watchdog(kInterval, {hung.Ping()}, [&signs] { signs.Add(); });
    late = hung.Take();
  }
  late();
  EXPECT_EQ(signs.count(), 0);
}

TEST(WatchdogTest, EndsBetweenTwoRounds) {
  SlowLoop loop;
  Signs signs;
  {
    Watchdog watchdog(absl::Hours(1), {loop.Ping()}, [&signs] { signs.Add(); });
    loop.Turn();
    signs.Await(1);
  }
  EXPECT_EQ(signs.count(), 1);
}

}  // namespace
}  // namespace service
