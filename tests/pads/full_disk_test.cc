// What a disk that is full, or cannot be read, does to key establishment: it
// stops, says why, loses nothing, and goes on when the disk works again.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/storage/fake_file_system.h"
#include "skex/node/agent_node.h"
#include "skex/node/backoff.h"
#include "skex/pad/pad_layout.h"
#include "tests/pads/machines.h"
#include "tests/pads/pad_record.h"

namespace skex {
namespace {

using testing::HasSubstr;

constexpr int kAgent = 0;
constexpr int kOther = 1;
constexpr int kHub0 = Machines::kAgents;

class FullDiskTest : public testing::Test {
 protected:
  FullDiskTest() {
    machines_.StartAll();
    machines_.Want(4);
    machines_.Advance(absl::Seconds(1));
    EXPECT_GT(machines_.keys_of(kAgent), 0u);
    EXPECT_GT(machines_.keys_of(kOther), 0u);
  }

  void Fill(const std::vector<int>& machines) {
    for (int machine : machines) {
      service::FakeFileSystem& disk = machines_.disk(machine);
      disk.Fail(disk.operations(), absl::StatusCode::kResourceExhausted);
    }
  }

  // Asks for `keys` again and again until nothing comes for a while. What is
  // claimed on a full disk may be used.
  void EstablishUntilItStops(uint16_t keys) {
    for (int idle = 0; idle < 20; ++idle) {
      const uint64_t before = AllKeys();
      machines_.Want(keys);
      machines_.Advance(absl::Milliseconds(200));
      if (AllKeys() > before) idle = 0;
    }
  }

  void ExpectNothingLost() {
    for (const PadRecord& record : machines_.records()) {
      for (Stream stream : {Stream::kMac, Stream::kOtp}) {
        EXPECT_EQ(record.given_up(stream), 0u);
        EXPECT_EQ(record.underway(stream), 0u);
      }
    }
    EXPECT_EQ(machines_.violations(), std::vector<std::string>());
  }

  // There is room again; no process is restarted for it.
  void ExpectItGoesOn() {
    for (int machine = 0; machine < Machines::kMachines; ++machine) {
      machines_.disk(machine).StopFailing();
    }
    const uint64_t before[] = {machines_.keys_of(0), machines_.keys_of(1)};
    machines_.Want(4);
    machines_.Advance(Backoff::kMost + absl::Seconds(1));
    EXPECT_GT(machines_.keys_of(kAgent), before[kAgent]);
    EXPECT_GT(machines_.keys_of(kOther), before[kOther]);
    EXPECT_TRUE(machines_.LastFailure(kAgent).ok());
    EXPECT_TRUE(machines_.LastFailure(kOther).ok());
    ExpectNothingLost();
  }

  uint64_t AllKeys() const {
    return machines_.keys_of(kAgent) + machines_.keys_of(kOther);
  }

  Machines machines_{1};
};

TEST_F(FullDiskTest, OfAgentsStopsKeysWithTheDisksError) {
  Fill({kAgent, kOther});
  EstablishUntilItStops(256);
  for (int agent : {kAgent, kOther}) {
    const absl::Status failure = machines_.LastFailure(agent);
    EXPECT_EQ(failure.code(), absl::StatusCode::kUnavailable);
    for (const char* pad : {"hub0.pad", "hub1.pad", "hub2.pad"}) {
      EXPECT_THAT(std::string(failure.message()),
                  HasSubstr(std::string(pad) + ": No space left on device"));
    }
  }
  ExpectNothingLost();
  ExpectItGoesOn();
}

TEST_F(FullDiskTest, OfHubsStopsKeysAndTheAgentsNameTheHubs) {
  Fill({kHub0, kHub0 + 1});
  EstablishUntilItStops(1);
  for (int agent : {kAgent, kOther}) {
    const absl::Status failure = machines_.LastFailure(agent);
    EXPECT_EQ(failure.code(), absl::StatusCode::kUnavailable);
    for (int hub : {kHub0, kHub0 + 1}) {
      EXPECT_THAT(
          std::string(failure.message()),
          HasSubstr(Machines::NameOf(hub) +
                    " the other end grants no more: the pad is used up and a "
                    "new one must be enrolled, or its disk is full"));
    }
  }
  ExpectNothingLost();
  ExpectItGoesOn();
}

TEST_F(FullDiskTest, OfOneHubDoesNotMatter) {
  Fill({kHub0});
  const uint64_t before = AllKeys();
  for (int i = 0; i < 20; ++i) {
    machines_.Want(256);
    machines_.Advance(absl::Seconds(1));
  }
  // Far more than its claims are good for.
  EXPECT_GT(AllKeys() - before, 4000u);
  ExpectItGoesOn();
}

TEST_F(FullDiskTest, StillLetsAProcessEnd) {
  Fill({kAgent});
  EXPECT_EQ(machines_.EraseUsed(kAgent).code(),
            absl::StatusCode::kResourceExhausted);
  machines_.Kill(kAgent);
  // It does not start on a full disk, and says why.
  machines_.Start(kAgent);
  EXPECT_FALSE(machines_.Runs(kAgent));
  machines_.disk(kAgent).StopFailing();
  machines_.Start(kAgent);
  EXPECT_TRUE(machines_.Runs(kAgent));
}

TEST_F(FullDiskTest, ReadErrorsStopKeysWithTheDisksError) {
  service::FakeFileSystem& disk = machines_.disk(kAgent);
  disk.FailReads(disk.reads());
  machines_.Want(4);
  machines_.Advance(absl::Seconds(1));
  EXPECT_THAT(std::string(machines_.LastFailure(kAgent).message()),
              HasSubstr("hub0.pad: Input/output error"));
  EXPECT_EQ(machines_.violations(), std::vector<std::string>());
  disk.StopFailing();
  const uint64_t before = machines_.keys_of(kAgent);
  machines_.Want(4);
  machines_.Advance(Backoff::kMost + absl::Seconds(1));
  EXPECT_GT(machines_.keys_of(kAgent), before);
  EXPECT_EQ(machines_.violations(), std::vector<std::string>());
}

}  // namespace
}  // namespace skex
