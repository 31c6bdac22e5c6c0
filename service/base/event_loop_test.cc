#include "service/base/event_loop.h"

#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "service/base/monotonic_time.h"

namespace service {
namespace {

absl::Duration Never() { return absl::InfiniteDuration(); }

TEST(EventLoopTest, RunsTasksInOrder) {
  EventLoop loop;
  loop.Start(&Never);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) loop.Post([&order, i] { order.push_back(i); });
  loop.Stop();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(EventLoopTest, CallWaitsForTheTask) {
  EventLoop loop;
  loop.Start(&Never);
  int value = 0;
  EXPECT_TRUE(loop.Call([&value] { value = 7; }));
  EXPECT_EQ(value, 7);
}

TEST(EventLoopTest, IdleLoopRunsATaskOnTheCallersThread) {
  EventLoop loop;
  loop.Start(&Never);
  ASSERT_TRUE(loop.Call([] {}));
  std::thread::id ran_on;
  // The loop's thread may still be on its way to sleep.
  while (ran_on != std::this_thread::get_id()) {
    ASSERT_TRUE(
        loop.RunOrPost([&ran_on] { ran_on = std::this_thread::get_id(); }));
    ASSERT_TRUE(loop.Call([] {}));
  }
}

TEST(EventLoopTest, TasksOfManyThreadsRunOneAfterTheOther) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 500;
  EventLoop loop;
  int after = 0;
  loop.Start([&after] {
    ++after;
    return absl::InfiniteDuration();
  });
  int count = 0;  // guarded by nothing but the loop
  bool within = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&loop, &count, &within, i] {
      for (int task = 0; task < kTasks; ++task) {
        const auto run = [&count, &within] {
          EXPECT_FALSE(within);
          within = true;
          ++count;
          within = false;
        };
        EXPECT_TRUE((task + i) % 2 == 0 ? loop.RunOrPost(run) : loop.Post(run));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  loop.Stop();
  EXPECT_EQ(count, kThreads * kTasks);
  EXPECT_GT(after, 0);
}

TEST(EventLoopTest, TaskMayPostAnother) {
  EventLoop loop;
  loop.Start(&Never);
  bool second = false;
  loop.RunOrPost([&] { loop.Post([&second] { second = true; }); });
  // The first may run on the loop's thread: behind it comes the second.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(loop.Call([] {}));
  EXPECT_TRUE(second);
}

TEST(EventLoopTest, DueTimeThatComesEarlierIsKept) {
  EventLoop loop;
  Mutex mutex;
  CondVar called;
  int calls = 0;
  absl::Duration next = absl::InfiniteDuration();
  loop.Start([&] {
    MutexLock lock(&mutex);
    ++calls;
    called.SignalAll();
    return std::exchange(next, absl::InfiniteDuration());
  });
  ASSERT_TRUE(loop.Call([] {}));
  MutexLock lock(&mutex);
  const int before = calls;
  next = MonotonicNow() + absl::Milliseconds(1);
  mutex.Unlock();
  loop.RunOrPost([] {});
  mutex.Lock();
  // Once behind the task, and once when the time had come.
  while (calls < before + 2) called.Wait(&mutex);
}

TEST(EventLoopTest, DropsTasksAfterStop) {
  EventLoop loop;
  loop.Start(&Never);
  loop.Stop();
  EXPECT_FALSE(loop.Post([] { FAIL(); }));
  EXPECT_FALSE(loop.Call([] { FAIL(); }));
}

TEST(EventLoopTest, StopWithoutStartReleasesWhoWaits) {
  EventLoop loop;
  bool ran = true;
  std::thread caller([&] { ran = loop.Call([] { FAIL(); }); });
  loop.Stop();
  caller.join();
  EXPECT_FALSE(ran);
}

TEST(EventLoopTest, CallsBackWhenTheTimeHasCome) {
  EventLoop loop;
  Mutex mutex;
  CondVar called;
  int calls = 0;
  loop.Start([&] {
    MutexLock lock(&mutex);
    ++calls;
    called.SignalAll();
    return calls < 3 ? MonotonicNow() + absl::Milliseconds(1)
                     : absl::InfiniteDuration();
  });
  MutexLock lock(&mutex);
  while (calls < 3) called.Wait(&mutex);
}

}  // namespace
}  // namespace service
