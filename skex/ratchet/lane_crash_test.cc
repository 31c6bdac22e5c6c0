#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"

namespace skex {
namespace {

using Fault = FakeLaneStorage::Fault;

// Brings a run that has begun to its end. `crash` is asked after each step and
// crashes what it likes.
template <class Crash>
void Finish(FakeLane& lane, const LaneStep& started, const Crash& crash) {
  crash();
  if (started.messages.empty()) return;
  const LaneStep answered = lane.ToResponder(started.messages.back());
  crash();
  if (answered.messages.empty()) return;
  const LaneStep finished = lane.ToInitiator(answered.messages.back());
  crash();
  if (!finished.messages.empty()) {
    lane.ToResponder(finished.messages.back());
    crash();
  }
}

// A script that uses every durable write of both ends: claims, punctures, new
// roots, erasures.
template <class Crash>
void Script(FakeLane& lane, const Crash& crash) {
  for (uint64_t round = 0; round < 3; ++round) {
    Finish(lane, lane.Start(), crash);
    lane.responder->AddFreshKey(lane.FakeDskeKey(200 + round), lane.now)
        .IgnoreError();
    Finish(lane, lane.Mix(lane.FakeDskeKey(200 + round)), crash);
    lane.responder->AddFreshKey(FakeFreshKey(100 + round), lane.now)
        .IgnoreError();
    Finish(lane, lane.Reroot(FakeFreshKey(100 + round)), crash);
  }
}

LanePolicy MixedOrAlone() {
  LanePolicy policy = FakeLanePolicy();
  policy.use = LaneUse::kMixedOrAlone;
  return policy;
}

// Crashes the end whose storage is `storage` at its commit number `at`, before
// or after the write. Returns whether there was one.
bool CrashesAt(FakeLane& lane, FakeLaneStorage FakeLane::*which, uint64_t at,
               Fault fault) {
  FakeLaneStorage& storage = lane.*which;
  bool crashed = false;
  const uint64_t first = storage.commits;
  const auto arm = [&] {
    if (!crashed) {
      storage.fault = storage.commits == first + at ? fault : Fault::kNone;
    }
  };
  arm();
  Script(lane, [&] {
    if (!crashed && storage.commits > first + at) {
      // It died in this commit: start it again from what is durable.
      crashed = true;
      storage.fault = Fault::kNone;
      EXPECT_TRUE((which == &FakeLane::initiator_storage
                       ? lane.RestartInitiator()
                       : lane.RestartResponder())
                      .ok());
    }
    arm();
  });
  return crashed;
}

void ExpectRecovery(FakeLane& lane) {
  // Each end may have to find out what the other one lost.
  bool runs = false;
  for (int attempt = 0; attempt < 3 && !runs; ++attempt) {
    lane.Pass(kRunTimeout);
    runs = lane.Run();
  }
  EXPECT_TRUE(runs);
  EXPECT_TRUE(lane.Run());
  EXPECT_TRUE(lane.MixedRun(300));
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
  EXPECT_EQ(lane.responder->rollbacks_detected(), 0u);
}

TEST(LaneCrashTest, InitiatorRecoversFromACrashInEveryDurableWrite) {
  for (const Fault fault : {Fault::kBeforeCommit, Fault::kAfterCommit}) {
    uint64_t at = 0;
    while (true) {
      SCOPED_TRACE(testing::Message() << "commit " << at);
      FakeLane lane(1, MixedOrAlone());
      if (!CrashesAt(lane, &FakeLane::initiator_storage, at, fault)) break;
      ExpectRecovery(lane);
      ++at;
    }
    EXPECT_GE(at, 6u);
  }
}

TEST(LaneCrashTest, ResponderRecoversFromACrashInEveryDurableWrite) {
  for (const Fault fault : {Fault::kBeforeCommit, Fault::kAfterCommit}) {
    uint64_t at = 0;
    while (true) {
      SCOPED_TRACE(testing::Message() << "commit " << at);
      FakeLane lane(1, MixedOrAlone());
      if (!CrashesAt(lane, &FakeLane::responder_storage, at, fault)) break;
      ExpectRecovery(lane);
      ++at;
    }
    EXPECT_GE(at, 6u);
  }
}

TEST(LaneCrashTest, CrashAfterThePunctureCostsTheRunAndNothingElse) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  lane.responder_storage.fault = Fault::kAfterCommit;
  EXPECT_TRUE(lane.ToResponder(m1).messages.empty());
  lane.responder_storage.fault = Fault::kNone;
  ASSERT_TRUE(lane.RestartResponder().ok());
  const LaneStep told = lane.ToInitiator(lane.ToResponder(m1).message());
  EXPECT_EQ(Find<RunFailed>(told.events)->reason.code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(lane.Run());
}

TEST(LaneCrashTest, CrashBeforeThePunctureLetsTheSameM1ThroughOnce) {
  FakeLane lane(1);
  const std::string m1 = lane.Start().message();
  lane.responder_storage.fault = Fault::kBeforeCommit;
  EXPECT_TRUE(lane.ToResponder(m1).messages.empty());
  lane.responder_storage.fault = Fault::kNone;
  ASSERT_TRUE(lane.RestartResponder().ok());
  const LaneStep answered = lane.ToResponder(m1);
  EXPECT_TRUE(answered.status.ok());
  EXPECT_NE(Find<KeyAgreed>(lane.ToInitiator(answered.message()).events),
            nullptr);
}

TEST(LaneCrashTest, CrashBeforeConfirmCostsThatKeyAndNothingElse) {
  FakeLane lane(1);
  const LaneStep answered = lane.ToResponder(lane.Start().message());
  lane.ToInitiator(answered.message());
  // CONFIRM dies with the initiator; nothing sends it again.
  ASSERT_TRUE(lane.RestartInitiator().ok());
  EXPECT_TRUE(lane.Run());
  const LaneStep lapsed = lane.Pass(kRunTimeout).second;
  ASSERT_NE(Find<KeyLapsed>(lapsed.events), nullptr);
  EXPECT_EQ(Find<KeyLapsed>(lapsed.events)->key,
            Find<KeyAgreed>(answered.events)->key.id);
  EXPECT_TRUE(lane.Run());
}

TEST(LaneCrashTest, BothEndsMayCrashOverAndOver) {
  FakeLane lane(1);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(lane.RestartInitiator().ok());
    ASSERT_TRUE(lane.RestartResponder().ok());
    ASSERT_TRUE(lane.Run()) << i;
  }
}

}  // namespace
}  // namespace skex
