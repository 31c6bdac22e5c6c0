#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/ids.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_events.h"

// How a responder's key is tentative, and what CONFIRM makes of it.

namespace skex {
namespace {

using absl::StatusCode;

// A run up to its CONFIRM, which is returned.
std::string UpToConfirm(FakeLane& lane) {
  return lane.ToInitiator(lane.ToResponder(lane.Start().message()).message())
      .message();
}

TEST(ConfirmTest, KeyIsTentativeUntilItIsConfirmed) {
  FakeLane lane(1);
  const std::string confirm = UpToConfirm(lane);
  EXPECT_EQ(lane.responder->tentative(), 1u);
  const uint64_t commits = lane.responder_storage.commits;
  const LaneStep confirmed = lane.ToResponder(confirm);
  EXPECT_TRUE(confirmed.status.ok()) << confirmed.status;
  // It is never answered.
  EXPECT_TRUE(confirmed.messages.empty() && confirmed.events.empty());
  EXPECT_EQ(lane.responder->tentative(), 0u);
  EXPECT_EQ(lane.responder_storage.commits, commits);
  EXPECT_TRUE(lane.Pass(kRunTimeout).second.events.empty());
}

TEST(ConfirmTest, ReplayedConfirmIsNotFound) {
  FakeLane lane(1);
  const std::string confirm = UpToConfirm(lane);
  ASSERT_TRUE(lane.ToResponder(confirm).status.ok());
  UpToConfirm(lane);
  EXPECT_EQ(lane.ToResponder(confirm).status.code(), StatusCode::kNotFound);
  EXPECT_EQ(lane.responder->tentative(), 1u);
}

TEST(ConfirmTest, EveryFlippedBitOfConfirmIsRefusedAndChangesNothing) {
  FakeLane lane(1);
  const std::string good = UpToConfirm(lane);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const LaneStep refused = lane.ToResponder(bad);
    EXPECT_FALSE(refused.status.ok()) << bit;
    EXPECT_TRUE(refused.messages.empty() && refused.events.empty()) << bit;
    EXPECT_EQ(lane.responder->tentative(), 1u) << bit;
  }
  std::string bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(lane.ToResponder(bad).status.code(), StatusCode::kDataLoss);
  EXPECT_TRUE(lane.ToResponder(good).status.ok());
}

TEST(ConfirmTest, ConfirmIsForItsOwnIndexAlone) {
  FakeLane lane(1);
  const std::string first = UpToConfirm(lane);
  UpToConfirm(lane);
  std::string bent = first;
  bent[27] ^= 1;  // the index of the second
  EXPECT_EQ(lane.ToResponder(bent).status.code(), StatusCode::kDataLoss);
  bent[27] ^= 2;  // of no run
  EXPECT_EQ(lane.ToResponder(bent).status.code(), StatusCode::kNotFound);
  EXPECT_EQ(lane.responder->tentative(), 2u);
}

TEST(ConfirmTest, ConfirmOfAnotherRunOfItsIndexIsDataLoss) {
  FakeLane lane(1);
  const FakeLaneStorage initiator = lane.initiator_storage;
  const FakeLaneStorage responder = lane.responder_storage;
  const std::string confirm = UpToConfirm(lane);
  // Both restored: the index is accepted again, the nonces are others.
  lane.initiator_storage = initiator;
  lane.responder_storage = responder;
  ASSERT_TRUE(lane.RestartInitiator().ok());
  ASSERT_TRUE(lane.RestartResponder().ok());
  const std::string again = UpToConfirm(lane);
  EXPECT_EQ(lane.ToResponder(confirm).status.code(), StatusCode::kDataLoss);
  EXPECT_TRUE(lane.ToResponder(again).status.ok());
}

TEST(ConfirmTest, ConfirmOfAnotherLaneIsNotFound) {
  FakeLane lane(1);
  FakeLane other(2);
  UpToConfirm(lane);
  EXPECT_EQ(lane.ToResponder(UpToConfirm(other)).status.code(),
            StatusCode::kNotFound);
  EXPECT_EQ(lane.responder->tentative(), 1u);
}

TEST(ConfirmTest, ConfirmDoesNotOutliveTheProcess) {
  FakeLane lane(1);
  const std::string confirm = UpToConfirm(lane);
  ASSERT_TRUE(lane.RestartResponder().ok());
  EXPECT_EQ(lane.ToResponder(confirm).status.code(), StatusCode::kNotFound);
}

TEST(ConfirmTest, UnconfirmedKeyLapses) {
  FakeLane lane(1);
  const absl::Duration start = lane.now.mono;
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  const KeyId id = Find<KeyAgreed>(answered.events)->key.id;
  const std::string confirm = lane.ToInitiator(answered.message()).message();
  EXPECT_EQ(lane.responder->NextTime(), start + kRunTimeout);
  EXPECT_TRUE(lane.Pass(kRunTimeout - absl::Seconds(1)).second.events.empty());
  const LaneStep lapsed = lane.Pass(absl::Seconds(1)).second;
  ASSERT_NE(Find<KeyLapsed>(lapsed.events), nullptr);
  EXPECT_EQ(Find<KeyLapsed>(lapsed.events)->key, id);
  EXPECT_EQ(lane.ToResponder(confirm).status.code(), StatusCode::kNotFound);
  EXPECT_FALSE(lane.responder->NextTime().has_value());
}

TEST(ConfirmTest, ConfirmThatComesLateLetsTheKeyLapse) {
  FakeLane lane(1);
  const std::string confirm = UpToConfirm(lane);
  lane.now.mono += kRunTimeout;
  const LaneStep late = lane.ToResponder(confirm);
  EXPECT_EQ(late.status.code(), StatusCode::kNotFound);
  EXPECT_NE(Find<KeyLapsed>(late.events), nullptr);
  EXPECT_EQ(lane.responder->tentative(), 0u);
}

TEST(ConfirmTest, NinthTentativeKeyWaitsUntilOneIsConfirmed) {
  FakeLane lane(1);
  std::vector<std::string> confirms;
  for (size_t i = 0; i < kMostTentative; ++i) {
    confirms.push_back(UpToConfirm(lane));
  }
  const std::string m1 = lane.Start().message();
  const LaneStep refused = lane.ToResponder(m1);
  EXPECT_EQ(refused.status.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(refused.messages.empty());
  // The leaf is still there: sent again, the M1 is taken.
  ASSERT_TRUE(lane.ToResponder(confirms[3]).status.ok());
  EXPECT_TRUE(lane.ToInitiator(lane.ToResponder(m1).message()).status.ok());
}

TEST(ConfirmTest, NinthTentativeKeyWaitsUntilOneLapses) {
  FakeLane lane(1);
  for (size_t i = 0; i < kMostTentative; ++i) {
    UpToConfirm(lane);
    lane.Pass(absl::Seconds(1));
  }
  const std::string m1 = lane.Start().message();
  lane.Pass(kRunTimeout - absl::Seconds(8) - absl::Milliseconds(1));
  EXPECT_EQ(lane.ToResponder(m1).status.code(), StatusCode::kResourceExhausted);
  lane.now.mono += absl::Milliseconds(1);
  // An M1 alone lets time pass as well.
  const LaneStep answered = lane.ToResponder(m1);
  EXPECT_TRUE(answered.status.ok());
  EXPECT_NE(Find<KeyLapsed>(answered.events), nullptr);
}

}  // namespace
}  // namespace skex
