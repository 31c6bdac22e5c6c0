#include "service/ctl/top/poller.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "absl/status/status.h"

namespace service {
namespace {

// Whether the poller has an answer, now or after a wait.
bool HasAnswer(const Poller& poller, int patience) {
  pollfd event = {poller.fd(), POLLIN, 0};
  return poll(&event, 1, patience) == 1;
}

TEST(PollerTest, AsksWhenToldAndSaysWhenThereIsAnAnswer) {
  int asked = 0;
  Poller poller([&asked]() -> absl::StatusOr<Sample> {
    ++asked;
    if (asked == 2) return absl::UnavailableError("gone");
    return Sample{absl::Seconds(asked), AgentSample()};
  });
  EXPECT_FALSE(HasAnswer(poller, 0));
  for (int round = 1; round <= 3; ++round) {
    poller.Begin();
    poller.Begin();  // One at a time.
    ASSERT_TRUE(HasAnswer(poller, -1));
    const absl::StatusOr<Sample> answer = poller.Take();
    EXPECT_EQ(asked, round);
    EXPECT_FALSE(HasAnswer(poller, 0));
    if (round == 2) {
      EXPECT_EQ(answer.status(), absl::UnavailableError("gone"));
    } else {
      ASSERT_TRUE(answer.ok());
      EXPECT_EQ(answer->at, absl::Seconds(round));
    }
  }
}

TEST(PollerTest, EndsWithAnAnswerThatNobodyTook) {
  Poller poller([]() -> absl::StatusOr<Sample> {
    return Sample{absl::ZeroDuration(), HubSample()};
  });
  poller.Begin();
  EXPECT_TRUE(HasAnswer(poller, -1));
}

}  // namespace
}  // namespace service
