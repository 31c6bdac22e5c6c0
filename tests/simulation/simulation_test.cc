// Whole networks under faults, from many seeds.
//
// SKEX_TEST_SEED is the first seed, SKEX_TEST_SEEDS how many there are.

#include "tests/simulation/simulation.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/ratchet/lane_policy.h"

namespace skex {
namespace {

// Fewer where each takes several times as long.
#if defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 40;
constexpr int kManyAgents = 100;
#elif defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kSeeds = 150;
constexpr int kManyAgents = 500;
#else
constexpr uint64_t kSeeds = 1000;
constexpr int kManyAgents = 500;
#endif

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise
                                          : std::strtoull(text, nullptr, 10);
}

uint64_t FirstSeed() { return FromEnvironment("SKEX_TEST_SEED", 1); }

struct Totals {
  uint64_t keys = 0, crashes = 0, faults = 0, frames = 0, pads_added = 0;
  uint64_t mixed_keys = 0, unmediated_keys = 0, lane_rollbacks = 0;
};

void ExpectNoViolation(const Simulation::Options& options,
                       Totals* totals = nullptr) {
  SCOPED_TRACE(testing::Message() << "SKEX_TEST_SEED=" << options.seed);
  Simulation simulation(options);
  simulation.Run();
  EXPECT_EQ(simulation.violations(), std::vector<std::string>());
  EXPECT_GT(simulation.keys(), 0u);
  if (totals != nullptr) {
    totals->keys += simulation.keys();
    totals->crashes += simulation.crashes();
    totals->faults += simulation.faults();
    totals->frames += simulation.frames();
    totals->pads_added += simulation.pads_added();
    totals->mixed_keys += simulation.mixed_keys();
    totals->unmediated_keys += simulation.unmediated_keys();
    totals->lane_rollbacks += simulation.lane_rollbacks();
  }
}

TEST(SimulationTest, NothingBreaksWithoutFaults) {
  ExpectNoViolation(
      {.seed = FirstSeed(), .fault_interval = absl::InfiniteDuration()});
}

// Three of four seeds have lanes.
std::vector<LaneUse> LanesOf(uint64_t seed) {
  switch (seed / 6 % 4) {
    case 0:
      return {};
    case 1:
      return {LaneUse::kMixed};
    case 2:
      return {LaneUse::kMixedOrAlone};
    default:
      return {LaneUse::kAlone, LaneUse::kMixedOrAlone, LaneUse::kMixed};
  }
}

// A part of the seeds, so that the parts can run side by side.
class SimulationPartTest : public testing::TestWithParam<uint64_t> {};
constexpr uint64_t kParts = 4;

TEST_P(SimulationPartTest, InvariantsHoldUnderFaults) {
  const uint64_t all = FromEnvironment("SKEX_TEST_SEEDS", kSeeds);
  const uint64_t first = FirstSeed() + all * GetParam() / kParts;
  const uint64_t count = FirstSeed() + all * (GetParam() + 1) / kParts - first;
  Totals totals;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    // 2 of 3, 3 of 5, 4 of 7, with none to n - k liars.
    const auto k = static_cast<uint8_t>(2 + seed % 3);
    ExpectNoViolation({.seed = seed,
                       .agents = 2 + static_cast<int>(seed % 2),
                       .hubs = 2 * k - 1,
                       .threshold = k,
                       .peers = 1,
                       .liars = static_cast<int>(seed / 3 % k),
                       .faulty_time = absl::Seconds(8),
                       .healthy_time = absl::Seconds(60),
                       .lanes = LanesOf(seed)},
                      &totals);
    if (HasFailure()) {
      std::printf("SKEX_TEST_SEED=%llu\n",
                  static_cast<unsigned long long>(seed));
      return;
    }
  }
  std::printf("%llu seeds: %llu keys, %llu frames, %llu faults, %llu crashes\n",
              static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(totals.keys),
              static_cast<unsigned long long>(totals.frames),
              static_cast<unsigned long long>(totals.faults),
              static_cast<unsigned long long>(totals.crashes));
  std::printf("%llu mixed, %llu unmediated keys, %llu restored lanes seen\n",
              static_cast<unsigned long long>(totals.mixed_keys),
              static_cast<unsigned long long>(totals.unmediated_keys),
              static_cast<unsigned long long>(totals.lane_rollbacks));
  EXPECT_GE(totals.crashes, count);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationPartTest,
                         testing::Range(uint64_t{0}, kParts));

// Pads so small that every crash of an end costs a good part of one, and more
// keys than one pad has.
TEST(SimulationTest, NewPadsTakeOverUnderFaults) {
  const uint64_t seeds = FromEnvironment("SKEX_TEST_SEEDS", kSeeds) / 10;
  Totals totals;
  for (uint64_t seed = FirstSeed(); seed < FirstSeed() + seeds; ++seed) {
    ExpectNoViolation({.seed = seed,
                       .agents = 2,
                       .hubs = 3,
                       .threshold = 2,
                       .peers = 1,
                       .liars = static_cast<int>(seed % 2),
                       .faulty_time = absl::Seconds(8),
                       .healthy_time = absl::Seconds(60),
                       .pad_chunks = 4,
                       .replenish = true,
                       .most_wanted = 256},
                      &totals);
    if (HasFailure()) return;
  }
  std::printf("%llu seeds: %llu keys, %llu pads added\n",
              static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(totals.keys),
              static_cast<unsigned long long>(totals.pads_added));
  EXPECT_GT(totals.pads_added, seeds);
}

// The premise of the test before: without new pads the keys end.
TEST(SimulationTest, SmallPadsEndWithoutReplenishment) {
  Simulation simulation({.seed = FirstSeed(),
                         .agents = 2,
                         .hubs = 3,
                         .threshold = 2,
                         .peers = 1,
                         .faulty_time = absl::Seconds(8),
                         .healthy_time = absl::Seconds(200),
                         .pad_chunks = 4,
                         .most_wanted = 256});
  simulation.Run();
  EXPECT_FALSE(simulation.violations().empty());
}

TEST(SimulationTest, ManyAgentsAndSevenHubs) {
  ExpectNoViolation({.seed = FirstSeed(),
                     .agents = kManyAgents,
                     .hubs = 7,
                     .threshold = 4,
                     .peers = 1,
                     .liars = 1,
                     .faulty_time = absl::Seconds(3),
                     .fault_interval = absl::Milliseconds(10),
                     .healthy_time = absl::Seconds(20)});
}

// The checks can fail: more liars than the scheme bears.
TEST(SimulationTest, TooManyLiarsAreSeen) {
  Simulation simulation({.seed = FirstSeed(),
                         .liars = 3,
                         .fault_interval = absl::InfiniteDuration(),
                         .healthy_time = absl::Seconds(20)});
  simulation.Run();
  ASSERT_FALSE(simulation.violations().empty());
  EXPECT_NE(simulation.violations()[0].find("gets no keys"), std::string::npos)
      << simulation.violations()[0];
}

TEST(SimulationTest, KeysThatAreOnlyMixedNeedHubs) {
  Simulation simulation({.seed = FirstSeed(),
                         .liars = 3,
                         .fault_interval = absl::InfiniteDuration(),
                         .healthy_time = absl::Seconds(20),
                         .lanes = {LaneUse::kMixed}});
  simulation.Run();
  EXPECT_EQ(simulation.keys(), 0u);
  EXPECT_FALSE(simulation.violations().empty());
}

TEST(SimulationTest, LanesAloneGiveKeysWhereTheyMay) {
  ExpectNoViolation(
      {.seed = FirstSeed(), .liars = 3, .lanes = {LaneUse::kMixedOrAlone}});
}

// The checks can fail: an agent that forgets which leaves it has answered.
TEST(SimulationTest, ForgottenLeavesAreSeen) {
  bool seen = false;
  for (uint64_t seed = FirstSeed(); seed < FirstSeed() + 20 && !seen; ++seed) {
    Simulation simulation({.seed = seed,
                           .agents = 2,
                           .peers = 1,
                           .lanes = {LaneUse::kAlone},
                           .forgetful_lanes = true});
    simulation.Run();
    for (const std::string& violation : simulation.violations()) {
      seen = seen || absl::StrContains(violation, "answers leaf");
    }
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace skex
