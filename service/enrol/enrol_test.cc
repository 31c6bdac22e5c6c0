#include "service/enrol/enrol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/enrol/enrol_testing.h"

namespace service {
namespace {

using EnrolTest = EnrolmentFilesTest;

TEST_F(EnrolTest, PutsBothHalvesAndTheEnrolmentInTheirPlaces) {
  auto identity = Enrol(files_);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_TRUE(CanOpen(files_, "out.pad", skex::Side::kAgent));
  EXPECT_TRUE(CanOpen(files_, kHubPad, skex::Side::kHub));
  EXPECT_EQ(files_.Contents(std::string(kFolder) + "/enrolment.toml"),
            FormatEnrolment(Request().enrolment));
  EXPECT_EQ(files_.Paths(),
            (std::vector<std::string>{
                "out.pad", "state", "state/agents", kFolder,
                std::string(kFolder) + "/enrolment.toml", kHubPad}));
}

TEST_F(EnrolTest, IsDurable) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FakeFileSystem files(seed);
    ASSERT_TRUE(Enrol(files).ok());
    files.Crash();
    EXPECT_TRUE(CanOpen(files, "out.pad", skex::Side::kAgent));
    EXPECT_TRUE(CanOpen(files, kHubPad, skex::Side::kHub));
  }
}

TEST_F(EnrolTest, RefusesAnAgentThatIsEnrolled) {
  ASSERT_TRUE(Enrol(files_).ok());
  ASSERT_TRUE(files_.Remove("out.pad").ok());
  const std::string before = files_.Contents(kHubPad);
  const absl::Status status = Enrol(files_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(),
            "alice@north.example is enrolled at hub1@one.example already; "
            "make one more pad for it with --replenish, or revoke it first "
            "(skexctl revoke)");
  EXPECT_EQ(files_.Contents(kHubPad), before);
  EXPECT_FALSE(files_.Exists("out.pad"));
}

TEST_F(EnrolTest, RefusesToOverwriteTheOutput) {
  ASSERT_TRUE(files_.Open("out.pad", OpenMode::kCreate).ok());
  files_.SetContents("out.pad", "precious");
  const absl::Status status = Enrol(files_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(),
            "out.pad: is there already; choose another --out");
  EXPECT_EQ(files_.Contents("out.pad"), "precious");
  EXPECT_FALSE(files_.Exists(kFolder));
}

TEST_F(EnrolTest, RefusesAFolderThatOthersCanRead) {
  ASSERT_TRUE(files_.MakeFolder("state").ok());
  files_.SetMode("state", 0755);
  EXPECT_EQ(Enrol(files_).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(EnrolTest, LeavesNothingBehindWhenAnOperationFails) {
  for (uint64_t at = 0;; ++at) {
    FakeFileSystem files(at);
    files.Fail(at, absl::StatusCode::kResourceExhausted, 1);
    auto identity = Enrol(files);
    if (identity.ok()) {
      EXPECT_GT(at, 15u);
      break;
    }
    for (const std::string& path : files.Paths()) {
      // Once the hub's half has its name, all is done but the last sync.
      if (files.Exists(kFolder)) continue;
      EXPECT_TRUE(path == "state" || path == "state/agents")
          << path << " after fault " << at;
    }
  }
}

TEST_F(EnrolTest, APowerFailureAnywhereLeavesAWholeEnrolmentOrNone) {
  for (uint64_t at = 0;; ++at) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      files.Fail(at, absl::StatusCode::kUnavailable);
      finished = Enrol(files).ok();
      files.Crash();
      if (files.Exists(kFolder)) {
        EXPECT_TRUE(CanOpen(files, kHubPad, skex::Side::kHub));
        EXPECT_TRUE(files.Exists("out.pad"));
        EXPECT_TRUE(CanOpen(files, "out.pad", skex::Side::kAgent));
        continue;
      }
      EXPECT_FALSE(finished);
      // The operator tries again, after removing a half without its other.
      files.Remove("out.pad").IgnoreError();
      auto again = Enrol(files);
      EXPECT_TRUE(again.ok()) << again.status();
    }
    if (finished) break;
  }
}

TEST_F(EnrolTest, WaitsForNobody) {
  ASSERT_TRUE(files_.MakeFolder("state").ok());
  ASSERT_TRUE(files_.MakeFolder("state/agents").ok());
  ASSERT_TRUE(
      files_.MakeFolder("state/agents/.alice@north.example.partial").ok());
  auto other = files_.Open("state/agents/.alice@north.example.partial/pad",
                           OpenMode::kCreate);
  ASSERT_TRUE((*other)->Lock().ok());
  EXPECT_EQ(Enrol(files_).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(files_.Exists("state/agents/.alice@north.example.partial/pad"));
}

TEST_F(EnrolTest, PassesAnInterruptionOn) {
  const absl::Status status =
      EnrolAgent(files_, Request(), source_, [](uint64_t, uint64_t) {
        return absl::CancelledError("interrupted");
      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(files_.Paths(),
            (std::vector<std::string>{"state", "state/agents"}));
}

TEST_F(EnrolTest, RefusesAStretchedPadThatTheEnrolmentDoesNotName) {
  FakeSource stretch(skex::PadSource::kStretch, 4);
  EnrolRequest request = Request();
  const absl::Status status =
      EnrolAgent(files_, request, stretch, &GoOn).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "alice@north.example: pad 1 of 1 has the source stretch, which is "
            "below generator, the least without least_source; set least_source "
            "= \"stretch\" to permit it, at both ends; --least-source does it "
            "here");
  EXPECT_TRUE(files_.Paths().empty());
  request.enrolment.least_source = skex::PadSource::kStretch;
  auto identity = EnrolAgent(files_, request, stretch, &GoOn);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->source, skex::PadSource::kStretch);
  EXPECT_EQ(
      ParseEnrolment(kEnrolment, files_.Contents(kEnrolment))->least_source,
      skex::PadSource::kStretch);
}

TEST_F(EnrolTest, RefusesASourceBelowTheLeastThatIsAskedFor) {
  EnrolRequest request = Request();
  request.enrolment.least_source = skex::PadSource::kPhysical;
  EXPECT_EQ(EnrolAgent(files_, request, source_, &GoOn).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace service
