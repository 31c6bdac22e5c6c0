#include "service/enrol/enrol.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "service/enrol/pad_size.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file.h"
#include "skex/base/seeded_entropy.h"

namespace service {
namespace {

constexpr char kFolder[] = "state/agents/alice@north.example";
constexpr char kHubPad[] = "state/agents/alice@north.example/pad";

absl::Status GoOn(uint64_t, uint64_t) { return absl::OkStatus(); }

EnrolRequest Request() {
  return {*skex::HubId::Parse("hub1@one.example"),
          "state",
          *skex::AgentId::Parse("alice@north.example"),
          {{*skex::AgentId::Parse("bob@south.example")}, 0},
          *GeometryFor(144 << 10, 1),
          "out.pad"};
}

class EnrolTest : public testing::Test {
 protected:
  absl::StatusOr<skex::PadIdentity> Enrol(FakeFileSystem& files) {
    return EnrolAgent(files, Request(), source_, &GoOn);
  }
  absl::StatusOr<Revoked> Revoke(FakeFileSystem& files) {
    return RevokeAgent(files, "state", Request().agent);
  }
  static bool CanOpen(FakeFileSystem& files, const std::string& path,
                      skex::Side side) {
    return PadFile::Open(&files, path, side, Request().agent, Request().hub)
        .ok();
  }

  FakeFileSystem files_{1};
  skex::SeededEntropy entropy_{3};
  GeneratorSource source_{&entropy_};
};

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
            "revoke it first (skexctl revoke)");
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

TEST_F(EnrolTest, RevokesAndEnrolsAnew) {
  ASSERT_TRUE(Enrol(files_).ok());
  auto revoked = Revoke(files_);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_FALSE(revoked->in_use);
  EXPECT_EQ(*files_.List("state/agents"), std::vector<std::string>{});
  ASSERT_TRUE(files_.Remove("out.pad").ok());
  EXPECT_TRUE(Enrol(files_).ok());
}

TEST_F(EnrolTest, RevokingErasesAPadThatAHubHasOpen) {
  ASSERT_TRUE(Enrol(files_).ok());
  auto pad = PadFile::Open(&files_, kHubPad, skex::Side::kHub, Request().agent,
                           Request().hub);
  ASSERT_TRUE(pad.ok());
  auto revoked = Revoke(files_);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_TRUE(revoked->in_use);
  std::vector<uint8_t> bytes(4096, 1);
  ASSERT_TRUE((*pad)->Read(0, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, std::vector<uint8_t>(4096));
}

TEST_F(EnrolTest, RefusesToRevokeAStranger) {
  const absl::Status status = Revoke(files_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "alice@north.example is not enrolled in state; check the name and "
            "the hub's configuration");
}

TEST_F(EnrolTest, AnInterruptedRevocationIsCompletedByTheNext) {
  for (uint64_t at = 0;; ++at) {
    FakeFileSystem files(at);
    ASSERT_TRUE(Enrol(files).ok());
    files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
    const bool finished = Revoke(files).ok();
    files.Crash();
    if (finished) {
      EXPECT_GT(at, 5u);
      EXPECT_EQ(Revoke(files).status().code(), absl::StatusCode::kNotFound);
      break;
    }
    const absl::Status status = Revoke(files).status();
    EXPECT_TRUE(status.ok() || absl::IsNotFound(status)) << status;
    EXPECT_EQ(*files.List("state/agents"), std::vector<std::string>{})
        << "fault " << at;
  }
}

}  // namespace
}  // namespace service
