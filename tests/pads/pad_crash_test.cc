// Key establishment on real pad files while machines crash and disks fail, from
// many seeds.
//
// SKEX_TEST_SEED is the first seed, SKEX_TEST_SEEDS how many there are.

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "service/storage/fake_file_system.h"
#include "skex/node/agent_node.h"
#include "skex/node/backoff.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"
#include "tests/pads/machines.h"
#include "tests/pads/pad_record.h"

namespace skex {
namespace {

using service::FakeFileSystem;

constexpr uint64_t kSeeds = 100;
constexpr uint64_t kCrashes = 24;  // of a seed, at least

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise
                                          : std::strtoull(text, nullptr, 10);
}

struct Totals {
  uint64_t crashes = 0;
  uint64_t faults = 0;
  uint64_t keys = 0;
  uint64_t mac_given_up = 0;  // the most, by one crash
  uint64_t otp_given_up = 0;
  uint64_t chunks_left = std::numeric_limits<uint64_t>::max();  // the least
};

// All that one seed does.
class CrashRun {
 public:
  explicit CrashRun(uint64_t seed) : random_(seed), machines_(seed) {}

  void Run() {
    machines_.StartAll();
    while (crashes_ < kCrashes && machines_.violations().empty()) Round();
    ASSERT_EQ(machines_.violations(), std::vector<std::string>());
    Heal();
    machines_.StartAll();
    ExpectNewKeys();
    EXPECT_EQ(machines_.violations(), std::vector<std::string>());
  }

  void AddTo(Totals& totals) const {
    totals.crashes += crashes_;
    totals.faults += faults_;
    totals.keys += machines_.keys_of(0) + machines_.keys_of(1);
    for (const PadRecord& record : machines_.records()) {
      totals.mac_given_up =
          std::max(totals.mac_given_up, record.most_given_up(Stream::kMac));
      totals.otp_given_up =
          std::max(totals.otp_given_up, record.most_given_up(Stream::kOtp));
      totals.chunks_left =
          std::min({totals.chunks_left, record.left(Stream::kMac) / kMacChunk,
                    record.left(Stream::kOtp) / kOtpChunk});
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  int AnyMachine() { return static_cast<int>(Below(Machines::kMachines)); }

  // Keys are established, perhaps on a failing disk, until a machine vanishes
  // in the middle of it. It comes back, perhaps after another crash.
  void Round() {
    const int victim = AnyMachine();
    if (OneIn(2)) BreakDisk(OneIn(2) ? victim : AnyMachine());
    machines_.Want(static_cast<uint16_t>(1 + Below(OneIn(2) ? 4 : 256)));
    machines_.GoDark(victim, Below(100));
    machines_.Advance(absl::Milliseconds(10 + Below(150)));
    if (OneIn(2)) machines_.EraseUsed(AnyMachine()).IgnoreError();
    Crash(victim);
    while (OneIn(3)) {
      BreakDisk(victim);
      machines_.Start(victim);
      if (machines_.Runs(victim)) break;
      Crash(victim);
    }
    if (OneIn(2)) Heal();
    machines_.StartAll();
  }

  // The disk fails soon: once, for a while, or until it is healed.
  void BreakDisk(int machine) {
    ++faults_;
    FakeFileSystem& disk = machines_.disk(machine);
    const uint64_t lengths[] = {1, 1 + Below(20), FakeFileSystem::kForEver};
    const uint64_t times = lengths[Below(3)];
    if (OneIn(4)) {
      disk.FailReads(disk.reads() + Below(40), absl::StatusCode::kUnavailable,
                     times);
    } else {
      disk.Fail(disk.operations() + Below(24),
                OneIn(2) ? absl::StatusCode::kResourceExhausted
                         : absl::StatusCode::kUnavailable,
                times);
    }
  }

  void Crash(int machine) {
    ++crashes_;
    if (OneIn(2)) {
      machines_.CutPower(machine);
    } else {
      machines_.Kill(machine);
    }
  }

  void Heal() {
    for (int machine = 0; machine < Machines::kMachines; ++machine) {
      machines_.disk(machine).StopFailing();
    }
  }

  // In both directions, within the longest back-off.
  void ExpectNewKeys() {
    const uint64_t before[] = {machines_.keys_of(0), machines_.keys_of(1)};
    const auto came = [&](int agent) {
      return machines_.keys_of(agent) > before[agent];
    };
    constexpr absl::Duration kStep = absl::Milliseconds(100);
    for (absl::Duration waited; waited < Backoff::kMost + kStep;
         waited += kStep) {
      machines_.Want(4);
      machines_.Advance(kStep);
      if (came(0) && came(1)) return;
    }
    for (int agent = 0; agent < Machines::kAgents; ++agent) {
      EXPECT_TRUE(came(agent))
          << "agent " << agent
          << " gets no keys: " << machines_.LastFailure(agent);
    }
  }

  std::mt19937_64 random_;
  Machines machines_;
  uint64_t crashes_ = 0;
  uint64_t faults_ = 0;
};

// A part of the seeds, so that the parts can run side by side.
class PadCrashPartTest : public testing::TestWithParam<uint64_t> {
 protected:
  static void SetUpTestSuite() {
    // Each seed takes as much memory as the one before and gives it back:
    // without this, to the kernel, which takes longer than all the rest.
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
  }
};
constexpr uint64_t kParts = 2;

TEST_P(PadCrashPartTest, NoByteIsUsedTwiceAndNoneLostInVain) {
  const uint64_t all = FromEnvironment("SKEX_TEST_SEEDS", kSeeds);
  const uint64_t zeroth = FromEnvironment("SKEX_TEST_SEED", 1);
  const uint64_t first = zeroth + all * GetParam() / kParts;
  const uint64_t count = zeroth + all * (GetParam() + 1) / kParts - first;
  Totals totals;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(testing::Message() << "SKEX_TEST_SEED=" << seed);
    CrashRun run(seed);
    run.Run();
    run.AddTo(totals);
    if (HasFailure()) return;
  }
  std::printf(
      "%llu seeds: %llu crashes, %llu faults, %llu keys; one crash gave up at "
      "most %llu of %llu bytes of mac, %llu of %llu of otp\n",
      static_cast<unsigned long long>(count),
      static_cast<unsigned long long>(totals.crashes),
      static_cast<unsigned long long>(totals.faults),
      static_cast<unsigned long long>(totals.keys),
      static_cast<unsigned long long>(totals.mac_given_up),
      static_cast<unsigned long long>(MostGivenUp(Stream::kMac)),
      static_cast<unsigned long long>(totals.otp_given_up),
      static_cast<unsigned long long>(MostGivenUp(Stream::kOtp)));
  EXPECT_GE(totals.crashes, count * kCrashes);
  // Most rounds establish something, else the crashes hit nothing.
  EXPECT_GT(totals.keys, totals.crashes);
  // The pads are large enough for what happens to them.
  EXPECT_GT(totals.chunks_left, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PadCrashPartTest,
                         testing::Range(uint64_t{0}, kParts));

}  // namespace
}  // namespace skex
