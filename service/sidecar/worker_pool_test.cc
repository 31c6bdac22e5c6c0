#include "service/sidecar/worker_pool.h"

#include <chrono>
#include <future>

#include "gtest/gtest.h"

namespace service {
namespace {

TEST(WorkerPoolTest, AnswersAPingWhenEveryWorkerTurns) {
  WorkerPool pool(3);
  std::promise<void> answered;
  pool.Ping([&answered] { answered.set_value(); });
  pool.Start();
  answered.get_future().wait();
  pool.StopAndJoin();
}

TEST(WorkerPoolTest, OneWorkerThatHangsKeepsThePingFromItsAnswer) {
  WorkerPool pool(2);
  std::promise<void> go_on;
  std::promise<void> other_turned;
  std::promise<void> answered;
  std::future<void> answer = answered.get_future();
  pool.Next().Post([&go_on] { go_on.get_future().wait(); });
  pool.Ping([&answered] { answered.set_value(); });
  pool.Next().Post([&other_turned] { other_turned.set_value(); });
  pool.Start();
  // Behind its part of the ping.
  other_turned.get_future().wait();
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)),
            std::future_status::timeout);
  go_on.set_value();
  answer.wait();
  pool.StopAndJoin();
}

}  // namespace
}  // namespace service
