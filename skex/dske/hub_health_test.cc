#include "skex/dske/hub_health.h"

#include "gtest/gtest.h"

namespace skex {
namespace {

class HubHealthTest : public testing::Test {
 protected:
  bool LeftOut(const AgentId& peer, absl::Duration now) const {
    return !health_.Objection(peer, hub_, now).empty();
  }

  const AgentId alice_ = *AgentId::Parse("alice@north.example");
  const AgentId bob_ = *AgentId::Parse("bob@south.example");
  const AgentId bart_ = *AgentId::Parse("bart@south.example");
  const AgentId carol_ = *AgentId::Parse("carol@east.example");
  const HubId hub_ = *HubId::Parse("hub1@one.example");
  const absl::Duration now_ = absl::Seconds(1000);
  HubHealth health_{alice_};
};

TEST_F(HubHealthTest, NewHubIsAdmitted) { EXPECT_FALSE(LeftOut(bob_, now_)); }

TEST_F(HubHealthTest, InconsistentShareCountsForThatPeer) {
  health_.OnInconsistentShare(alice_, bob_, hub_, now_);
  EXPECT_TRUE(LeftOut(bob_, now_));
  EXPECT_FALSE(LeftOut(carol_, now_));
  EXPECT_EQ(health_.Objection(bob_, hub_, now_),
            "left out for 10m: its share did not fit");
  EXPECT_FALSE(LeftOut(bob_, now_ + HubHealth::kAfterInconsistentShare));
}

TEST_F(HubHealthTest, OneInitiatorCannotAccuseAHubForOthers) {
  // As responder: whatever bob and others of his operator deal.
  health_.OnInconsistentShare(bob_, alice_, hub_, now_);
  health_.OnInconsistentShare(bart_, alice_, hub_, now_);
  EXPECT_FALSE(LeftOut(bob_, now_));
  EXPECT_FALSE(LeftOut(carol_, now_));
}

TEST_F(HubHealthTest, TwoOperatorsInitiatorsCountForAll) {
  health_.OnInconsistentShare(bob_, alice_, hub_, now_);
  health_.OnInconsistentShare(carol_, alice_, hub_, now_ + absl::Minutes(9));
  EXPECT_TRUE(LeftOut(bob_, now_ + absl::Minutes(9)));
  // The first one is forgotten.
  EXPECT_FALSE(LeftOut(bob_, now_ + absl::Minutes(10)));
}

TEST_F(HubHealthTest, RefusalCountsForAWhile) {
  health_.OnNotice(bob_, hub_, NoticeCode::kNotAllowed, now_);
  EXPECT_EQ(health_.Objection(bob_, hub_, now_),
            "left out for 1m: responder does not allow this initiator");
  EXPECT_FALSE(LeftOut(carol_, now_));
  EXPECT_FALSE(LeftOut(bob_, now_ + HubHealth::kAfterRefusal));
}

TEST_F(HubHealthTest, WhatPassesByItselfCountsForAMoment) {
  health_.OnNotice(bob_, hub_, NoticeCode::kOverloaded, now_);
  EXPECT_TRUE(LeftOut(bob_, now_));
  EXPECT_FALSE(LeftOut(bob_, now_ + HubHealth::kAfterMoment));
}

TEST_F(HubHealthTest, AfterAFailureNoHubIsLeftOutForThatPeer) {
  health_.OnInconsistentShare(alice_, bob_, hub_, now_);
  health_.OnInconsistentShare(alice_, carol_, hub_, now_);
  health_.OnFailure(bob_, now_);
  EXPECT_FALSE(LeftOut(bob_, now_));
  EXPECT_TRUE(LeftOut(carol_, now_));
  const absl::Duration later = now_ + HubHealth::kAfterInconsistentShare;
  EXPECT_FALSE(LeftOut(bob_, later));
  health_.OnNotice(bob_, hub_, NoticeCode::kQuota, later);
  EXPECT_TRUE(LeftOut(bob_, later));
}

TEST_F(HubHealthTest, LongerVerdictStays) {
  health_.OnInconsistentShare(alice_, bob_, hub_, now_);
  health_.OnNotice(bob_, hub_, NoticeCode::kResponderAway, now_);
  EXPECT_TRUE(LeftOut(bob_, now_ + absl::Minutes(9)));
}

}  // namespace
}  // namespace skex
