// Unmediated key establishment, with storages in memory and without a network:
// what the initiator does for a key (the leaf, M1, then M2, the key and
// CONFIRM; a claim every 1,024 runs), what the responder does (M1, the leaf, a
// durable puncture, M2 and the key, then CONFIRM), what of it is the encoding
// of the state, and what the tree costs when runs were lost. X25519 in the same
// run is the yardstick. The last lines are the ratios to it, those of gaps and
// of the encoding, and the bytes of the durable state.

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/micro/x25519_yardstick.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/puncturable_tree.h"
#include "skex/ratchet/responder.h"

namespace skex {
namespace {

// Runs between two readings of the clock, which is slow: as many as may be
// under way at once.
constexpr int kRounds = kMostTentative;
// Enough for one claim of the initiator.
constexpr int kIterations = kLaneWindow / kRounds;
// Lanes that were used up to somewhere, for the gaps.
constexpr int kPlaces = 64;
constexpr uint64_t kSeed = 1;

void MustBe(bool condition) {
  if (!condition) std::abort();
}

// Seconds of CPU time that this thread has used.
double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

struct StageSeconds {
  double initiate = 0;
  double respond = 0;
};

// kRounds runs, in order and without loss.
StageSeconds RunAll(FakeLane& lane) {
  StageSeconds seconds;
  double start = CpuSeconds();
  for (int round = 0; round < kRounds; ++round) {
    MustBe(lane.initiator->Start(lane.now).ok());
  }
  const std::vector<std::string> m1s = lane.initiator->TakeMessages();
  seconds.initiate = CpuSeconds() - start;

  start = CpuSeconds();
  for (const std::string& m1 : m1s) {
    MustBe(lane.responder->OnMessage(AsBytes(m1), lane.now).ok());
  }
  const std::vector<LaneEvent> tentative = lane.responder->TakeEvents();
  const std::vector<std::string> m2s = lane.responder->TakeMessages();
  seconds.respond = CpuSeconds() - start;

  start = CpuSeconds();
  for (const std::string& m2 : m2s) {
    MustBe(lane.initiator->OnMessage(AsBytes(m2), lane.now).ok());
  }
  const std::vector<LaneEvent> ready = lane.initiator->TakeEvents();
  const std::vector<std::string> confirms = lane.initiator->TakeMessages();
  seconds.initiate = (seconds.initiate + CpuSeconds() - start) / kRounds;

  start = CpuSeconds();
  for (const std::string& confirm : confirms) {
    MustBe(lane.responder->OnMessage(AsBytes(confirm), lane.now).ok());
  }
  seconds.respond = (seconds.respond + CpuSeconds() - start) / kRounds;
  MustBe(ready.size() == kRounds && tentative.size() == kRounds);
  MustBe(lane.responder->tentative() == 0);
  // As later in a lane: no M2 is kept longer than its time.
  lane.Pass(kRunTimeout / 8);
  return seconds;
}

void Stage(benchmark::State& state, double StageSeconds::*stage) {
  FakeLane lane(kSeed);
  for (auto _ : state) state.SetIterationTime(RunAll(lane).*stage);
  state.SetItemsProcessed(state.iterations());
}

// The state of a responder whose runs were in order, as it is written for each
// of them.
void EncodeState(benchmark::State& state) {
  FakeLane lane(kSeed);
  MustBe(lane.Run());
  const LaneState decoded =
      *LaneState::Decode(AsBytes(*lane.responder_storage.state));
  for (auto _ : state) benchmark::DoNotOptimize(decoded.Encode());
  state.SetItemsProcessed(state.iterations());
}

// The first lane of alice and bob. Its root is in `tree`.
struct FirstLane {
  LaneSecrets secrets;
  PuncturableTree tree;

  static FirstLane Of() {
    const LanePolicy policy = FakeLanePolicy();
    LaneSecrets secrets =
        SplitRoot(FakeRoot(kSeed), policy.initiator, policy.responder).outgoing;
    PuncturableTree tree(std::move(secrets.root));
    return {std::move(secrets), std::move(tree)};
  }

  LeafKeys KeysOf(uint32_t index) const {
    return DeriveLeafKeys(tree.Evaluate(index)->bytes.view());
  }

  // What an initiator sends of leaf `index` while its oldest run is `lowest`.
  std::string M1(uint32_t index, uint32_t lowest) const {
    const LeafKeys keys = KeysOf(index);
    const M1Message m1 = {.lane = secrets.id,
                          .index = index,
                          .lowest = lowest,
                          .context = FakeLanePolicy().ContextHash()};
    return m1.Seal(keys.tag1, secrets.gate);
  }

  // What it sends when it has the M2.
  std::string Confirm(uint32_t index, const std::string& m1,
                      const std::string& m2) const {
    return LaneConfirmMessage{.lane = secrets.id, .index = index}.Seal(
        KeysOf(index).tag3, m1, m2);
  }

  // A responder's storage when all leaves below `end` are used.
  FakeLaneStorage StorageFrom(uint32_t end) const {
    const LanePolicy policy = FakeLanePolicy();
    LaneState state = {.side = LaneSide::kResponder,
                       .initiator = policy.initiator,
                       .responder = policy.responder};
    state.lanes.push_back({.id = secrets.id,
                           .gate = secrets.gate.Clone(),
                           .stale = secrets.stale.Clone(),
                           .tree = tree.Clone()});
    state.lanes.back().tree.PunctureBelow(end);
    FakeLaneStorage storage;
    storage.state = std::string(AsText(state.Encode().view()));
    return storage;
  }
};

// Up to where lanes were used in order: somewhere in the first half. The same
// places for every gap.
std::vector<uint32_t> Places() {
  std::mt19937_64 random(kSeed);
  std::vector<uint32_t> places(kPlaces);
  for (uint32_t& end : places) end = static_cast<uint32_t>(random() >> 33);
  return places;
}

// Evaluates and punctures the leaf behind a gap.
void Gap(benchmark::State& state, uint32_t gap) {
  const std::vector<uint32_t> places = Places();
  std::vector<PuncturableTree> trees;
  for (const uint32_t end : places) {
    trees.emplace_back(FakeRoot(kSeed));
    trees.back().PunctureBelow(end);
  }
  for (auto _ : state) {
    std::vector<PuncturableTree> copies;
    for (const PuncturableTree& tree : trees) copies.push_back(tree.Clone());
    const double start = CpuSeconds();
    for (int i = 0; i < kPlaces; ++i) {
      benchmark::DoNotOptimize(
          copies[i].Puncture(*copies[i].Evaluate(places[i] + gap)));
    }
    state.SetIterationTime((CpuSeconds() - start) / kPlaces);
  }
  state.SetItemsProcessed(state.iterations());
}

// A run at the responder that comes behind such a gap.
void RespondBehindGap(benchmark::State& state, uint32_t gap) {
  const FirstLane first = FirstLane::Of();
  std::vector<std::string> m1s;
  std::vector<FakeLaneStorage> storages;
  for (const uint32_t end : Places()) {
    m1s.push_back(first.M1(end + gap, end + gap));
    storages.push_back(first.StorageFrom(end));
  }
  for (auto _ : state) {
    std::deque<FakeLane> lanes;
    for (const FakeLaneStorage& storage : storages) {
      lanes.emplace_back(kSeed, FakeLaneStorage(), storage);
    }
    const double start = CpuSeconds();
    for (int i = 0; i < kPlaces; ++i) {
      FakeLane& lane = lanes[i];
      MustBe(lane.responder->OnMessage(AsBytes(m1s[i]), lane.now).ok());
    }
    state.SetIterationTime((CpuSeconds() - start) / kPlaces);
  }
  state.SetItemsProcessed(state.iterations());
}

// The most that one agent keeps for a pair: the initiator's end of one lane,
// the responder's of the other. `step` is how far apart the indices are that
// arrive; the first run stays open, so that the responder may forget no more
// than the window says.
size_t MostStateBytes(uint32_t step) {
  FakeLane lane(kSeed);
  const FirstLane first = FirstLane::Of();
  MustBe(lane.initiator->Start(lane.now).ok());  // with a claim
  size_t most = 0;
  for (uint32_t index = 0; index < 4 * kLaneWindow; index += step) {
    const std::string m1 = first.M1(index, 0);
    const std::string m2 = lane.ToResponder(m1).message();
    MustBe(lane.ToResponder(first.Confirm(index, m1, m2)).status.ok());
    most = std::max(most, lane.responder_storage.state->size());
  }
  return most + lane.initiator_storage.state->size();
}

void Register() {
  for (const auto& [name, stage] :
       {std::pair("initiate", &StageSeconds::initiate),
        std::pair("respond", &StageSeconds::respond)}) {
    benchmark::RegisterBenchmark(name, Stage, stage)
        ->UseManualTime()
        ->Iterations(kIterations);
  }
  benchmark::RegisterBenchmark("encode_state", EncodeState);
  for (const uint32_t gap : {10u, 1'000'000u}) {
    benchmark::RegisterBenchmark(absl::StrCat("gap_", gap).c_str(), Gap, gap)
        ->UseManualTime()
        ->Iterations(10);
    benchmark::RegisterBenchmark(absl::StrCat("respond_gap_", gap).c_str(),
                                 RespondBehindGap, gap)
        ->UseManualTime()
        ->Iterations(5);
  }
}

}  // namespace
}  // namespace skex

int main(int argc, char** argv) {
  skex::Register();
  const int status =
      skex::RunAgainstX25519(argc, argv,
                             {{"gap_1000000", "gap_10"},
                              {"respond_gap_1000000", "respond_gap_10"},
                              {"encode_state", "respond"}});
  if (status != 0) return status;
  std::printf("figure state_bytes_in_order %zu\n", skex::MostStateBytes(1));
  std::printf("figure state_bytes_worst %zu\n", skex::MostStateBytes(2));
  return 0;
}
