#include "service/pairing/make_pair.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "service/pairing/credential.h"
#include "service/pairing/pairing_testing.h"

namespace service {
namespace {

class MakePairTest : public testing::Test {
 protected:
  FakeFileSystem files_{1};
};

TEST_F(MakePairTest, GivesBothAgentsTheSameRoot) {
  auto fingerprint = Make(files_);
  ASSERT_TRUE(fingerprint.ok()) << fingerprint.status();
  EXPECT_EQ(files_.Paths(), (std::vector<std::string>{"a.cred", "b.cred"}));
  auto a = ReadCredential(files_, "a.cred", PairedAlice());
  auto b = ReadCredential(files_, "b.cred", PairedBob());
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(a->credential.peer, PairedBob());
  EXPECT_EQ(b->credential.peer, PairedAlice());
  EXPECT_EQ(skex::AsText(a->credential.root.view()), RootBytes());
  EXPECT_EQ(skex::AsText(b->credential.root.view()), RootBytes());
  EXPECT_EQ(PairFingerprint(a->credential), *fingerprint);
  EXPECT_EQ(files_.Info("a.cred")->mode, 0600u);
}

TEST_F(MakePairTest, IsDurable) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FakeFileSystem files(seed);
    ASSERT_TRUE(Make(files).ok());
    files.Crash();
    EXPECT_TRUE(ReadCredential(files, "a.cred", PairedAlice()).ok());
    EXPECT_TRUE(ReadCredential(files, "b.cred", PairedBob()).ok());
  }
}

TEST_F(MakePairTest, NeverOverwrites) {
  for (const char* taken : {"a.cred", "b.cred"}) {
    FakeFileSystem files(1);
    ASSERT_TRUE(files.Open(taken, OpenMode::kCreate).ok());
    files.SetContents(taken, "precious");
    EXPECT_EQ(Make(files).status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(files.Contents(taken), "precious");
    EXPECT_EQ(files.Paths(), std::vector<std::string>{taken});
  }
}

TEST_F(MakePairTest, RefusesOneAgentOrOneFileForBoth) {
  skex::SeededEntropy entropy(1);
  PairRequest request = MakeRequest();
  request.agent_b = request.agent_a;
  EXPECT_EQ(MakePair(files_, request, entropy).status().message(),
            "alice@north.example cannot be paired with itself; name two");
  request = MakeRequest();
  request.out_b = request.out_a;
  const absl::Status status = MakePair(files_, request, entropy).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "a.cred: each agent needs a file of its own; choose two");
  EXPECT_TRUE(files_.Paths().empty());
}

TEST_F(MakePairTest, LeavesNothingBehindWhenAnOperationFails) {
  for (uint64_t at = 0;; ++at) {
    FakeFileSystem files(at);
    files.Fail(at, absl::StatusCode::kResourceExhausted, 1);
    if (Make(files).ok()) {
      EXPECT_GT(at, 8u);
      break;
    }
    EXPECT_TRUE(files.Paths().empty()) << "after fault " << at;
    files.Crash();
    EXPECT_FALSE(OnTheMedium(files, RootBytes())) << "after fault " << at;
  }
}

TEST_F(MakePairTest, APowerFailureAnywhereLeavesWholeCredentials) {
  for (uint64_t at = 0;; ++at) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      files.Fail(at, absl::StatusCode::kUnavailable);
      finished = Make(files).ok();
      files.Crash();
      for (const char* path : {"a.cred", "b.cred"}) {
        if (!files.Exists(path)) {
          EXPECT_FALSE(finished);
          continue;
        }
        const skex::AgentId holder =
            path[0] == 'a' ? PairedAlice() : PairedBob();
        auto read = ReadCredential(files, path, holder);
        EXPECT_TRUE(read.ok()) << read.status();
        read = absl::CancelledError();
        // The operator tries again, without the half that is there.
        files.Remove(path).IgnoreError();
      }
      EXPECT_TRUE(Make(files).ok());
      EXPECT_EQ(files.Paths(), (std::vector<std::string>{"a.cred", "b.cred"}));
    }
    if (finished) break;
  }
}

TEST_F(MakePairTest, LeavesAloneWhatAnotherProcessMakes) {
  auto other = files_.Open("./.a.cred.partial", OpenMode::kCreate);
  ASSERT_TRUE((*other)->Lock().ok());
  EXPECT_EQ(Make(files_).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(files_.Exists("./.a.cred.partial"));
}

}  // namespace
}  // namespace service
