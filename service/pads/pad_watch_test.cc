#include "service/pads/pad_watch.h"

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"
#include "skex/pad/fake_pad_storage.h"

namespace service {
namespace {

using skex::Side;
using skex::Stream;

const char kHub[] = "hub1@one.example";

// An agent's pad of 100 chunks, of which the test takes as much as it likes.
class PadWatchTest : public testing::Test {
 protected:
  PadWatchTest() { Open(1); }

  void Open(uint64_t seed) {
    skex::SeededEntropy entropy(seed);
    pads_ = skex::MakeFakePads(*skex::AgentId::Parse("alice@north.example"),
                               *skex::HubId::Parse(kHub),
                               skex::SmallGeometry(kChunks), entropy);
    agent_ = *skex::Pad::Open(pads_.agent.get(), Side::kAgent, 0);
    hub_ = *skex::Pad::Open(pads_.hub.get(), Side::kHub, 0);
  }

  // One more pad, of which the test takes from now on.
  void Replenish() {
    old_pads_ = std::move(pads_);
    old_ = std::move(agent_);
    Open(2);
  }

  // Takes `percent` of the agent's otp.
  void Use(int percent) {
    for (int i = 0; i < percent; ++i) {
      auto range = hub_->Grant(Stream::kOtp, skex::kOtpChunk);
      ASSERT_TRUE(range.ok());
      ASSERT_TRUE(agent_->AddGrant(Stream::kOtp, *range).ok());
      ASSERT_TRUE(agent_->Take(Stream::kOtp, skex::kOtpChunk).ok());
    }
  }
  PadOutlook Look(absl::Duration now) {
    std::vector<skex::Pad*> pads;
    if (old_ != nullptr) pads.push_back(old_.get());
    pads.push_back(agent_.get());
    watch_.Look(now, kHub, pads);
    return watch_.OutlookOf(kHub);
  }
  // How often the log says that the pad is low.
  int Events() const {
    const std::string text = log_text_.str();
    int count = 0;
    for (size_t at = text.find("pad_low"); at != std::string::npos;
         at = text.find("pad_low", at + 1)) {
      ++count;
    }
    return count;
  }

  static constexpr int kChunks = 100;
  skex::FakePadPair pads_;
  skex::FakePadPair old_pads_;
  std::unique_ptr<skex::Pad> old_;  // used before `agent_`, if there is one
  std::unique_ptr<skex::Pad> agent_;
  std::unique_ptr<skex::Pad> hub_;
  std::ostringstream log_text_;
  Log log_{LogLevel::kInfo, LogFormat::kText, log_text_};
  PadWatch watch_{&log_, "hub"};
};

TEST_F(PadWatchTest, NewPadIsWholeAndLastsForAnUnknownTime) {
  const PadOutlook outlook = Look(absl::Seconds(1));
  EXPECT_EQ(outlook.left, 1);
  EXPECT_EQ(outlook.time_left, absl::InfiniteDuration());
  EXPECT_EQ(Events(), 0);
}

TEST_F(PadWatchTest, StreamThatEndsFirstCounts) {
  Use(40);
  EXPECT_DOUBLE_EQ(Look(absl::Seconds(1)).left, 0.6);
}

TEST_F(PadWatchTest, ForecastFollowsThePace) {
  Look(absl::ZeroDuration());
  Use(10);
  EXPECT_EQ(Look(absl::Seconds(59)).time_left, absl::InfiniteDuration());
  // A tenth an hour: nine more hours.
  EXPECT_EQ(Look(absl::Hours(1)).time_left, absl::Hours(9));
  // Nothing since: the pace of the whole day goes down.
  EXPECT_EQ(Look(absl::Hours(2)).time_left, absl::Hours(18));
}

TEST_F(PadWatchTest, PaceOfTheDayBeforeIsForgotten) {
  Look(absl::ZeroDuration());
  Use(50);
  absl::Duration now;
  for (; now < absl::Hours(25); now += absl::Minutes(5)) Look(now);
  EXPECT_EQ(Look(now).time_left, absl::InfiniteDuration());
}

TEST_F(PadWatchTest, EachLevelIsToldOnce) {
  Look(absl::ZeroDuration());
  Use(69);
  Look(absl::Hours(1));
  EXPECT_EQ(Events(), 0);
  Use(1);
  Look(absl::Hours(2));
  Look(absl::Hours(2));
  EXPECT_EQ(Events(), 1);
  EXPECT_TRUE(absl::StrContains(log_text_.str(), "30%")) << log_text_.str();
  Use(20);
  Look(absl::Hours(3));
  EXPECT_EQ(Events(), 2);
  Use(7);
  Look(absl::Hours(4));
  EXPECT_EQ(Events(), 3);
  Use(3);
  EXPECT_EQ(Look(absl::Hours(5)).left, 0);
  EXPECT_EQ(Events(), 3);
}

TEST_F(PadWatchTest, LowPadIsToldOnceAtTheStart) {
  Use(98);
  Look(absl::ZeroDuration());
  EXPECT_EQ(Events(), 1);
  EXPECT_TRUE(absl::StrContains(log_text_.str(), "not known yet"));
}

TEST_F(PadWatchTest, AnotherTableBeginsAnew) {
  Use(98);
  Look(absl::ZeroDuration());
  Open(2);
  EXPECT_EQ(Look(absl::Hours(1)).left, 1);
  Use(98);
  Look(absl::Hours(2));
  EXPECT_EQ(Events(), 2);
}

TEST_F(PadWatchTest, NewPadEndsTheWorryAndTheNextIsToldAgain) {
  Use(95);
  Look(absl::ZeroDuration());
  EXPECT_EQ(Events(), 1);
  Replenish();
  // 5 and 100 of 200.
  EXPECT_DOUBLE_EQ(Look(absl::Hours(1)).left, 0.525);
  EXPECT_EQ(Events(), 1);
  // The pace is that of the new pads.
  EXPECT_EQ(Look(absl::Hours(2)).time_left, absl::InfiniteDuration());
  Use(46);
  EXPECT_DOUBLE_EQ(Look(absl::Hours(3)).left, 0.295);
  EXPECT_EQ(Events(), 2);
}

TEST_F(PadWatchTest, UsedUpPadCountsNoMore) {
  Use(100);
  EXPECT_EQ(Look(absl::ZeroDuration()).left, 0);
  Replenish();
  EXPECT_EQ(Look(absl::Hours(1)).left, 1);
  Use(10);
  EXPECT_DOUBLE_EQ(Look(absl::Hours(2)).left, 0.9);
}

}  // namespace
}  // namespace service
