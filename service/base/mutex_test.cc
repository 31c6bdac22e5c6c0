#include "service/base/mutex.h"

#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace service {
namespace {

struct Counter {
  Mutex mutex;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(Mutex, ExcludesOtherThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 10000;
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counter] {
      for (int round = 0; round < kRounds; ++round) {
        MutexLock lock(&counter.mutex);
        ++counter.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(&counter.mutex);
  EXPECT_EQ(counter.value, kThreads * kRounds);
}

TEST(Mutex, TryLockFailsWhileAnotherThreadHoldsIt) {
  Mutex mutex;
  mutex.Lock();
  bool taken = true;
  std::thread other([&mutex, &taken] {
    if (mutex.TryLock()) {
      mutex.Unlock();
    } else {
      taken = false;
    }
  });
  other.join();
  EXPECT_FALSE(taken);
  mutex.Unlock();
  const bool free = mutex.TryLock();
  EXPECT_TRUE(free);
  if (free) mutex.Unlock();
}

struct Queue {
  Mutex mutex;
  CondVar filled;
  std::deque<int> items ABSL_GUARDED_BY(mutex);
};

TEST(CondVar, HandsItemsFromThreadToThread) {
  constexpr int kItems = 10000;
  Queue queue;
  std::thread producer([&queue] {
    for (int i = 1; i <= kItems; ++i) {
      MutexLock lock(&queue.mutex);
      queue.items.push_back(i);
      queue.filled.Signal();
    }
  });
  int64_t sum = 0;
  for (int received = 0; received < kItems; ++received) {
    MutexLock lock(&queue.mutex);
    while (queue.items.empty()) queue.filled.Wait(&queue.mutex);
    sum += queue.items.front();
    queue.items.pop_front();
  }
  producer.join();
  EXPECT_EQ(sum, int64_t{kItems} * (kItems + 1) / 2);
}

TEST(CondVar, SaysThatTheDeadlineHasPassed) {
  Mutex mutex;
  CondVar never;
  MutexLock lock(&mutex);
  bool late = false;
  while (!late) late = never.WaitWithDeadline(&mutex, absl::Now());
  while (!never.WaitWithTimeout(&mutex, absl::Milliseconds(1))) {
  }
  EXPECT_TRUE(late);
}

}  // namespace
}  // namespace service
