#include "service/base/event_loop.h"

#include <thread>
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
