#ifndef SERVICE_ENROL_ENROL_TESTING_H_
#define SERVICE_ENROL_ENROL_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/enrol/enrol.h"
#include "service/enrol/pad_size.h"
#include "service/enrol/random_source.h"
#include "service/enrol/replenish.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file.h"
#include "service/storage/pad_file_reader.h"
#include "skex/base/seeded_entropy.h"

namespace service {

inline constexpr char kFolder[] = "state/agents/alice@north.example";
inline constexpr char kHubPad[] = "state/agents/alice@north.example/pad";
inline constexpr char kEnrolment[] =
    "state/agents/alice@north.example/enrolment.toml";

inline absl::Status GoOn(uint64_t, uint64_t) { return absl::OkStatus(); }

inline EnrolRequest Request() {
  return {*skex::HubId::Parse("hub1@one.example"),
          "state",
          *skex::AgentId::Parse("alice@north.example"),
          {{*skex::AgentId::Parse("bob@south.example")}, 0},
          *GeometryFor(144 << 10, 1),
          "out.pad"};
}

// For the pad after the first; its agent's half goes to "out-N.pad".
inline ReplenishRequest MoreRequest(int number = 2) {
  return {Request().hub, "state", Request().agent, Request().geometry,
          absl::StrCat("out-", number, ".pad")};
}

// A random source of any kind.
class FakeSource : public RandomSource {
 public:
  FakeSource(skex::PadSource kind, uint64_t seed)
      : kind_(kind), entropy_(seed) {}
  skex::PadSource kind() const override { return kind_; }
  absl::Status Fill(absl::Span<uint8_t> out) override {
    entropy_.Fill(out);
    return absl::OkStatus();
  }

 private:
  const skex::PadSource kind_;
  skex::SeededEntropy entropy_;
};

// Tests on a file system in memory, with one agent to enrol.
class EnrolmentFilesTest : public testing::Test {
 protected:
  absl::StatusOr<skex::PadIdentity> Enrol(FakeFileSystem& files) {
    return EnrolAgent(files, Request(), source_, &GoOn);
  }
  absl::StatusOr<Replenished> Replenish(FakeFileSystem& files, int number) {
    return ReplenishAgent(files, MoreRequest(number), source_, &GoOn);
  }
  // The agent with pads 1 to `pads`.
  void EnrolWithPads(FakeFileSystem& files, int pads) {
    ASSERT_TRUE(Enrol(files).ok());
    for (int number = 2; number <= pads; ++number) {
      auto more = Replenish(files, number);
      ASSERT_TRUE(more.ok()) << more.status();
    }
  }
  static bool CanOpen(FakeFileSystem& files, const std::string& path,
                      skex::Side side) {
    return PadFile::Open(&files, path, side, Request().agent, Request().hub)
        .ok();
  }
  static skex::TableId TableOf(FakeFileSystem& files, const std::string& path) {
    return InspectPadFile(files, path)->identity.table;
  }

  FakeFileSystem files_{1};
  skex::SeededEntropy entropy_{3};
  GeneratorSource source_{&entropy_};
};

}  // namespace service

#endif  // SERVICE_ENROL_ENROL_TESTING_H_
