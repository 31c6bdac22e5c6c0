#include "service/enrol/replenish.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/config/enrolment.h"
#include "service/enrol/enrol_testing.h"
#include "service/enrol/revoke.h"
#include "skex/pad/pad_layout.h"

namespace service {
namespace {

constexpr char kSecondPad[] = "state/agents/alice@north.example/pad-2";
constexpr char kPartial[] = "state/agents/alice@north.example/.pad.partial";

class ReplenishTest : public EnrolmentFilesTest {
 protected:
  void SetUp() override { ASSERT_TRUE(Enrol(files_).ok()); }

  absl::StatusOr<Replenished> From(skex::PadSource kind,
                                   std::optional<skex::PadSource> least,
                                   FakeFileSystem& files) {
    FakeSource source(kind, 5);
    ReplenishRequest request = MoreRequest();
    request.least_source = least;
    return ReplenishAgent(files, request, source, &GoOn);
  }
  // Refused, with nothing changed.
  absl::Status Refusal(const ReplenishRequest& request) {
    const std::vector<std::string> before = files_.Paths();
    const std::string enrolment =
        files_.Exists(kEnrolment) ? files_.Contents(kEnrolment) : "";
    const absl::Status status =
        ReplenishAgent(files_, request, source_, &GoOn).status();
    EXPECT_EQ(files_.Paths(), before);
    if (!enrolment.empty()) {
      EXPECT_EQ(files_.Contents(kEnrolment), enrolment);
    }
    return status;
  }
};

TEST_F(ReplenishTest, PutsBothHalvesInTheirPlaces) {
  const std::string first = files_.Contents(kHubPad);
  const std::string enrolment = files_.Contents(kEnrolment);
  auto more = Replenish(files_, 2);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->pad, kSecondPad);
  EXPECT_EQ(more->pads, 2u);
  EXPECT_EQ(more->least_source, std::nullopt);
  EXPECT_EQ(more->identity.table, TableOf(files_, kSecondPad));
  EXPECT_EQ(more->identity.table, TableOf(files_, "out-2.pad"));
  EXPECT_NE(more->identity.table, TableOf(files_, kHubPad));
  EXPECT_TRUE(CanOpen(files_, "out-2.pad", skex::Side::kAgent));
  EXPECT_TRUE(CanOpen(files_, kSecondPad, skex::Side::kHub));
  EXPECT_EQ(files_.Contents(kHubPad), first);
  EXPECT_EQ(files_.Contents(kEnrolment), enrolment);
  EXPECT_EQ(files_.Paths(), (std::vector<std::string>{
                                "out-2.pad", "out.pad", "state", "state/agents",
                                kFolder, kEnrolment, kHubPad, kSecondPad}));
}

TEST_F(ReplenishTest, IsDurable) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FakeFileSystem files(seed);
    EnrolWithPads(files, 2);
    files.Crash();
    EXPECT_TRUE(CanOpen(files, "out-2.pad", skex::Side::kAgent));
    EXPECT_TRUE(CanOpen(files, kSecondPad, skex::Side::kHub));
  }
}

TEST_F(ReplenishTest, DoesNotDisturbAHubThatHasTheOldPadOpen) {
  auto pad = PadFile::Open(&files_, kHubPad, skex::Side::kHub, Request().agent,
                           Request().hub);
  ASSERT_TRUE(pad.ok());
  EXPECT_TRUE(Replenish(files_, 2).ok());
}

TEST_F(ReplenishTest, RefusesAnAgentThatIsNotEnrolled) {
  ASSERT_TRUE(RevokeAgent(files_, "state", Request().agent).ok());
  const absl::Status status = Refusal(MoreRequest());
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "alice@north.example is not enrolled at hub1@one.example; enrol it "
            "first, without --replenish");
}

TEST_F(ReplenishTest, NeverOverwrites) {
  ASSERT_TRUE(files_.Open("out-2.pad", OpenMode::kCreate).ok());
  files_.SetContents("out-2.pad", "precious");
  const absl::Status status = Refusal(MoreRequest());
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(),
            "out-2.pad: is there already; choose another --out");
  EXPECT_EQ(files_.Contents("out-2.pad"), "precious");
}

TEST_F(ReplenishTest, RefusesMorePadsThanArePossible) {
  for (int number = 2; number <= static_cast<int>(skex::kMostPads); ++number) {
    ASSERT_TRUE(Replenish(files_, number).ok());
  }
  const absl::Status status = Refusal(MoreRequest(9));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "alice@north.example has 8 pads at hub1@one.example, the most that "
            "are possible; revoke those that are used up (skexctl revoke "
            "--table)");
  ASSERT_TRUE(RevokeTable(files_, "state", Request().agent,
                          TableOf(files_, kHubPad).Hex())
                  .ok());
  auto more = Replenish(files_, 9);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->pad, absl::StrCat(kFolder, "/pad-9"));
  EXPECT_EQ(more->pads, 8u);
}

TEST_F(ReplenishTest, NeverUsesANumberAgain) {
  ASSERT_TRUE(Replenish(files_, 2).ok());
  ASSERT_TRUE(RevokeTable(files_, "state", Request().agent,
                          TableOf(files_, kSecondPad).Hex())
                  .ok());
  auto more = Replenish(files_, 3);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->pad, absl::StrCat(kFolder, "/pad-3"));
}

TEST_F(ReplenishTest, RefusesALowerSourceThanTheOldestPad) {
  const absl::Status status =
      From(skex::PadSource::kStretch, std::nullopt, files_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "alice@north.example: pad 2 of 2 has the source stretch, which is "
            "below generator, the source of the oldest pad; set least_source = "
            "\"stretch\" to permit it, at both ends; --least-source does it "
            "here");
  EXPECT_FALSE(files_.Exists("out-2.pad"));
  EXPECT_TRUE(From(skex::PadSource::kPhysical, std::nullopt, files_).ok());
}

TEST_F(ReplenishTest, WritesTheLeastSourceThatPermitsIt) {
  files_.SetContents(kEnrolment, "# mine\nallow = []\n");
  auto more =
      From(skex::PadSource::kStretch, skex::PadSource::kStretch, files_);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->identity.source, skex::PadSource::kStretch);
  EXPECT_EQ(more->least_source, skex::PadSource::kStretch);
  EXPECT_EQ(files_.Contents(kEnrolment),
            "# mine\nallow = []\nleast_source = \"stretch\"\n");
  files_.Crash();
  EXPECT_TRUE(absl::StrContains(files_.Contents(kEnrolment), "stretch"));
}

TEST_F(ReplenishTest, TheEnrolmentsLeastSourceCounts) {
  files_.SetContents(kEnrolment, "least_source = \"stretch\"\n");
  auto more = From(skex::PadSource::kStretch, std::nullopt, files_);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->least_source, skex::PadSource::kStretch);
  files_.SetContents(kEnrolment, "least_source = \"physical\"\n");
  EXPECT_EQ(Refusal(MoreRequest(3)).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ReplenishTest, RefusesALeastSourceThatForbidsAnEarlierPad) {
  ReplenishRequest request = MoreRequest();
  request.least_source = skex::PadSource::kPhysical;
  const absl::Status status = Refusal(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(
      status.message(),
      "pad 1 of 2 has the source generator, which is below physical"))
      << status;
}

TEST_F(ReplenishTest, ReportsABrokenEnrolmentAtItsPlace) {
  files_.SetContents(kEnrolment, "alow = []\n");
  const absl::Status status = Refusal(MoreRequest());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(
      absl::StrContains(status.message(), absl::StrCat(kEnrolment, ":1:1: ")));
}

TEST_F(ReplenishTest, ReportsADamagedPad) {
  std::string bytes = files_.Contents(kHubPad);
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  files_.SetContents(kHubPad, bytes);
  EXPECT_EQ(Refusal(MoreRequest()).code(), absl::StatusCode::kDataLoss);
}

TEST_F(ReplenishTest, ReportsAForeignFile) {
  ASSERT_TRUE(
      files_.Open(absl::StrCat(kFolder, "/notes"), OpenMode::kCreate).ok());
  EXPECT_EQ(Refusal(MoreRequest()).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReplenishTest, RefusesAFolderThatOthersCanRead) {
  files_.SetMode("state", 0755);
  EXPECT_EQ(Refusal(MoreRequest()).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ReplenishTest, RefusesTheBytesOfAnEarlierPad) {
  auto more = From(skex::PadSource::kPhysical, std::nullopt, files_);
  ASSERT_TRUE(more.ok()) << more.status();
  FakeSource again(skex::PadSource::kPhysical, 5);
  const absl::Status status =
      ReplenishAgent(files_, MoreRequest(3), again, &GoOn).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "the random source gave the bytes of an earlier pad again; never "
            "read one file for two pads");
  EXPECT_FALSE(files_.Exists("out-3.pad"));
  EXPECT_FALSE(files_.Exists(kPartial));
}

TEST_F(ReplenishTest, WaitsForNobody) {
  auto other = files_.Open(kPartial, OpenMode::kCreate);
  ASSERT_TRUE((*other)->Lock().ok());
  const absl::Status status = Refusal(MoreRequest());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "wait for it"));
}

TEST_F(ReplenishTest, ClearsAwayWhatAKilledRunLeft) {
  for (const char* path : {kPartial, "./.out-2.pad.partial"}) {
    ASSERT_TRUE(files_.Open(path, OpenMode::kCreate).ok());
    files_.SetContents(path, "half a pad");
  }
  ASSERT_TRUE(Replenish(files_, 2).ok());
  EXPECT_FALSE(files_.Exists(kPartial));
  EXPECT_FALSE(files_.Exists("./.out-2.pad.partial"));
}

TEST_F(ReplenishTest, PassesAnInterruptionOn) {
  const std::vector<std::string> before = files_.Paths();
  ReplenishRequest request = MoreRequest();
  request.least_source = skex::PadSource::kStretch;
  const std::string enrolment = files_.Contents(kEnrolment);
  const absl::Status status =
      ReplenishAgent(files_, request, source_, [](uint64_t, uint64_t) {
        return absl::CancelledError("interrupted");
      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(files_.Paths(), before);
  EXPECT_EQ(files_.Contents(kEnrolment), enrolment);
}

TEST_F(ReplenishTest, KeepsWhatTheOperatorEditedMeanwhile) {
  ReplenishRequest request = MoreRequest();
  request.least_source = skex::PadSource::kStretch;
  ASSERT_TRUE(ReplenishAgent(files_, request, source_, [&](uint64_t, uint64_t) {
                files_.SetContents(kEnrolment, "pair_quota_bytes = 7\n");
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(files_.Contents(kEnrolment),
            "pair_quota_bytes = 7\nleast_source = \"stretch\"\n");
}

TEST_F(ReplenishTest, LeavesNothingBehindWhenAnOperationFails) {
  for (uint64_t at = 0;; ++at) {
    FakeFileSystem files(at);
    ASSERT_TRUE(Enrol(files).ok());
    const std::vector<std::string> before = files.Paths();
    const std::string enrolment = files.Contents(kEnrolment);
    files.Fail(files.operations() + at, absl::StatusCode::kResourceExhausted,
               1);
    auto more =
        From(skex::PadSource::kStretch, skex::PadSource::kStretch, files);
    if (more.ok()) {
      EXPECT_GT(at, 20u);
      break;
    }
    // Once the hub's half has its name, all is done but the last sync.
    if (files.Exists(kSecondPad)) continue;
    EXPECT_EQ(files.Paths(), before) << "fault " << at;
    EXPECT_EQ(files.Contents(kEnrolment), enrolment) << "fault " << at;
  }
}

TEST_F(ReplenishTest, APowerFailureAnywhereLeavesAWholePadOrNone) {
  for (uint64_t at = 0;; ++at) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      ASSERT_TRUE(Enrol(files).ok());
      const std::string first = files.Contents(kHubPad);
      files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
      finished =
          From(skex::PadSource::kStretch, skex::PadSource::kStretch, files)
              .ok();
      files.Crash();
      EXPECT_EQ(files.Contents(kHubPad), first);
      auto enrolment = ParseEnrolment(kEnrolment, files.Contents(kEnrolment));
      ASSERT_TRUE(enrolment.ok()) << enrolment.status();
      EXPECT_EQ(enrolment->allow, Request().enrolment.allow);
      if (files.Exists(kSecondPad)) {
        EXPECT_EQ(enrolment->least_source, skex::PadSource::kStretch);
        EXPECT_TRUE(CanOpen(files, kSecondPad, skex::Side::kHub));
        EXPECT_TRUE(files.Exists("out-2.pad"));
        EXPECT_TRUE(CanOpen(files, "out-2.pad", skex::Side::kAgent));
        continue;
      }
      EXPECT_FALSE(finished);
      // The operator tries again, after removing a half without its other.
      files.Remove("out-2.pad").IgnoreError();
      auto again = Replenish(files, 2);
      EXPECT_TRUE(again.ok()) << again.status();
    }
    if (finished) break;
  }
}

}  // namespace
}  // namespace service
