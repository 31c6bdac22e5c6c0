#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_events.h"

namespace skex {
namespace {

using Fault = FakeLaneStorage::Fault;

// A script that uses every durable write of both ends: claims, punctures, new
// roots, erasures. `crash` is asked after each step and crashes what it likes.
template <class Crash>
void Script(FakeLane& lane, const Crash& crash) {
  for (uint64_t round = 0; round < 3; ++round) {
    for (int run = 0; run < 2; ++run) {
      const LaneStep started = lane.Start();
      crash();
      if (started.messages.empty()) continue;
      const LaneStep answered = lane.ToResponder(started.messages.back());
      crash();
      if (answered.messages.empty()) continue;
      lane.ToInitiator(answered.messages.back());
      crash();
    }
    lane.responder->AddFreshKey(FakeFreshKey(100 + round), lane.now)
        .IgnoreError();
    const LaneStep started = lane.Reroot(FakeFreshKey(100 + round));
    crash();
    if (started.messages.empty()) continue;
    const LaneStep answered = lane.ToResponder(started.messages.back());
    crash();
    if (answered.messages.empty()) continue;
    lane.ToInitiator(answered.messages.back());
    crash();
  }
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
  EXPECT_EQ(lane.initiator->rollbacks_detected(), 0u);
  EXPECT_EQ(lane.responder->rollbacks_detected(), 0u);
}

TEST(LaneCrashTest, InitiatorRecoversFromACrashInEveryDurableWrite) {
  for (const Fault fault : {Fault::kBeforeCommit, Fault::kAfterCommit}) {
    uint64_t at = 0;
    while (true) {
      SCOPED_TRACE(testing::Message() << "commit " << at);
      FakeLane lane(1);
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
      FakeLane lane(1);
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
