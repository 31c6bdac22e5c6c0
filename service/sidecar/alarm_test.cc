#include "service/sidecar/alarm.h"

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "asio/io_context.hpp"
#include "gtest/gtest.h"
#include "service/base/monotonic_time.h"

namespace service {
namespace {

class AlarmTest : public testing::Test {
 protected:
  asio::io_context io_;
  AlarmClock clock_{io_};
  std::string rung_;
};

TEST_F(AlarmTest, RingsOnce) {
  Alarm alarm(clock_);
  alarm.Set(absl::ZeroDuration(), [this] { rung_ += "a"; });
  io_.run();
  EXPECT_EQ(rung_, "a");
}

TEST_F(AlarmTest, RingsNotBeforeItsTime) {
  constexpr absl::Duration kDelay = absl::Milliseconds(25);
  Alarm alarm(clock_);
  const absl::Duration start = MonotonicNow();
  absl::Duration rung_at = start;
  alarm.Set(kDelay, [&rung_at] { rung_at = MonotonicNow(); });
  io_.run();
  EXPECT_GE(rung_at - start, kDelay);
}

TEST_F(AlarmTest, RingsInTheOrderOfTime) {
  Alarm late(clock_);
  Alarm early(clock_);
  late.Set(absl::Milliseconds(60), [this] { rung_ += "late"; });
  early.Set(absl::Milliseconds(5), [this] { rung_ += "early "; });
  io_.run();
  EXPECT_EQ(rung_, "early late");
}

TEST_F(AlarmTest, CancelledDoesNotRing) {
  Alarm cancelled(clock_);
  Alarm other(clock_);
  cancelled.Set(absl::Milliseconds(5), [this] { rung_ += "cancelled"; });
  other.Set(absl::Milliseconds(40), [this] { rung_ += "other"; });
  cancelled.Cancel();
  io_.run();
  EXPECT_EQ(rung_, "other");
}

TEST_F(AlarmTest, LastCancelledLeavesNothingToWaitFor) {
  Alarm alarm(clock_);
  alarm.Set(absl::Hours(1), [this] { rung_ += "never"; });
  alarm.Cancel();
  io_.run();
  EXPECT_EQ(rung_, "");
}

TEST_F(AlarmTest, DestroyedDoesNotRing) {
  auto alarm = std::make_unique<Alarm>(clock_);
  alarm->Set(absl::Milliseconds(5), [this] { rung_ += "destroyed"; });
  alarm.reset();
  io_.run();
  EXPECT_EQ(rung_, "");
}

TEST_F(AlarmTest, SetAgainRingsForTheNewTimeOnly) {
  Alarm alarm(clock_);
  alarm.Set(absl::Hours(1), [this] { rung_ += "old"; });
  alarm.Set(absl::Milliseconds(5), [this] { rung_ += "new"; });
  io_.run();
  EXPECT_EQ(rung_, "new");
}

TEST_F(AlarmTest, MayBeSetWhileItRings) {
  Alarm alarm(clock_);
  alarm.Set(absl::ZeroDuration(), [this, &alarm] {
    rung_ += "1";
    alarm.Set(absl::ZeroDuration(), [this] { rung_ += "2"; });
  });
  io_.run();
  EXPECT_EQ(rung_, "12");
}

TEST_F(AlarmTest, MayBeDestroyedWhileItRings) {
  auto alarm = std::make_unique<Alarm>(clock_);
  Alarm* const ringing = alarm.get();
  ringing->Set(absl::ZeroDuration(), [this, &alarm] {
    alarm.reset();
    rung_ += "gone";
  });
  io_.run();
  EXPECT_EQ(rung_, "gone");
}

TEST_F(AlarmTest, MayCancelAnotherOneThatIsDueTogether) {
  Alarm first(clock_);
  Alarm second(clock_);
  first.Set(absl::ZeroDuration(), [this, &second] {
    second.Cancel();
    rung_ += "first";
  });
  second.Set(absl::ZeroDuration(), [this, &first] {
    first.Cancel();
    rung_ += "second";
  });
  io_.run();
  EXPECT_TRUE(rung_ == "first" || rung_ == "second") << rung_;
}

TEST_F(AlarmTest, EndlessDelayIsAccepted) {
  Alarm alarm(clock_);
  alarm.Set(absl::InfiniteDuration(), [this] { rung_ += "never"; });
  Alarm soon(clock_);
  soon.Set(absl::ZeroDuration(), [this, &alarm] {
    rung_ += "soon";
    alarm.Cancel();
  });
  io_.run();
  EXPECT_EQ(rung_, "soon");
}

}  // namespace
}  // namespace service
