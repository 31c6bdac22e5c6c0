#include "service/pairing/import_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "service/pairing/credential.h"
#include "service/pairing/pairing_testing.h"
#include "service/pairing/revoke_pair.h"
#include "skex/base/instant.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/responder.h"

namespace service {
namespace {

using skex::AsBytes;

// What there is after an import, beside bob's credential.
std::vector<std::string> ImportedPaths() {
  return {"state", kPeers, kWithBob, kIncoming, kOutgoing};
}

std::vector<std::string> PathsButBobs(const FakeFileSystem& files) {
  std::vector<std::string> paths = files.Paths();
  paths.erase(std::remove(paths.begin(), paths.end(), "b.cred"), paths.end());
  return paths;
}

class ImportPairTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Make(files_).ok()); }
  absl::Status ImportError() { return Import(files_).status(); }
  FakeFileSystem files_{1};
};

TEST_F(ImportPairTest, MakesBothLanesAndErasesTheCredential) {
  const std::string fingerprint = PairFingerprint(
      ReadCredential(files_, "a.cred", PairedAlice())->credential);
  auto imported = Import(files_);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ASSERT_TRUE(imported->has_value());
  EXPECT_EQ((*imported)->peer, PairedBob());
  EXPECT_EQ((*imported)->fingerprint, fingerprint);
  EXPECT_FALSE((*imported)->completed);
  EXPECT_EQ(PathsButBobs(files_), ImportedPaths());
  EXPECT_TRUE(HasBothLanes(files_));
  EXPECT_EQ(files_.Info(kWithBob)->mode, 0700u);
  ASSERT_TRUE(files_.Remove("b.cred").ok());
  EXPECT_FALSE(OnTheMedium(files_, RootBytes()));
}

TEST_F(ImportPairTest, OverwritesTheCredential) {
  auto held = files_.Open("a.cred", OpenMode::kRead);
  std::vector<uint8_t> bytes((*held)->Info()->size, 1);
  ASSERT_TRUE(Import(files_).ok());
  ASSERT_TRUE((*held)->ReadAt(0, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, std::vector<uint8_t>(bytes.size(), 0));
}

// A run in one direction: whether both ends have its key.
bool Agree(FakeFileSystem& files, const skex::LanePolicy& policy,
           const std::string& initiator_path,
           const std::string& responder_path) {
  skex::SeededEntropy entropy(5);
  auto at_initiator = LaneFile::Open(&files, initiator_path);
  auto at_responder = LaneFile::Open(&files, responder_path);
  if (!at_initiator.ok() || !at_responder.ok()) return false;
  auto initiator =
      skex::LaneInitiator::Open({.policy = policy,
                                 .boot = skex::RandomId<skex::BootId>(entropy),
                                 .entropy = &entropy,
                                 .storage = at_initiator->get()});
  auto responder =
      skex::LaneResponder::Open({.policy = policy,
                                 .boot = skex::RandomId<skex::BootId>(entropy),
                                 .entropy = &entropy,
                                 .storage = at_responder->get()});
  if (!initiator.ok() || !responder.ok()) return false;
  const skex::Instant now{absl::UnixEpoch(), absl::Seconds(1000)};
  if (!(*initiator)->Start(now).ok()) return false;
  for (const std::string& m1 : (*initiator)->TakeMessages()) {
    if (!(*responder)->OnMessage(AsBytes(m1), now).ok()) return false;
  }
  for (const std::string& m2 : (*responder)->TakeMessages()) {
    if (!(*initiator)->OnMessage(AsBytes(m2), now).ok()) return false;
  }
  return (*initiator)->outstanding() == 0 && (*responder)->tentative() == 1;
}

TEST_F(ImportPairTest, TheTwoAgentsThenAgreeInBothDirections) {
  ASSERT_TRUE(Import(files_).ok());
  ASSERT_TRUE(ImportPair(files_, {PairedBob(), "bob-state", "b.cred"}).ok());
  const std::string at_bob = "bob-state/peers/alice@north.example";
  EXPECT_TRUE(Agree(files_,
                    {.initiator = PairedAlice(), .responder = PairedBob()},
                    kOutgoing, at_bob + "/incoming"));
  EXPECT_TRUE(Agree(files_,
                    {.initiator = PairedBob(), .responder = PairedAlice()},
                    at_bob + "/outgoing", kIncoming));
}

TEST_F(ImportPairTest, RefusesAPairThatHasLanes) {
  ASSERT_TRUE(Import(files_).ok());
  ASSERT_TRUE(files_.Remove("b.cred").ok());
  ASSERT_TRUE(Make(files_, 4).ok());
  const std::string before = files_.Contents(kOutgoing);
  EXPECT_EQ(ImportError().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ImportError().message(),
            "alice@north.example has lanes with bob@south.example already; "
            "revoke them first (skexctl pair revoke --peer bob@south.example)");
  EXPECT_EQ(files_.Contents(kOutgoing), before);
  EXPECT_TRUE(ReadCredential(files_, "a.cred", PairedAlice()).ok());
}

TEST_F(ImportPairTest, RotatesAfterARevocation) {
  ASSERT_TRUE(Import(files_).ok());
  ASSERT_TRUE(files_.Remove("b.cred").ok());
  ASSERT_TRUE(Make(files_, 4).ok());
  ASSERT_TRUE(RevokePair(files_, "state", PairedAlice(), PairedBob()).ok());
  auto imported = Import(files_);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_FALSE((*imported)->completed);
  EXPECT_EQ(PathsButBobs(files_), ImportedPaths());
}

// A copy that somebody has kept must not bring leaves back.
TEST_F(ImportPairTest, ErasesACopyOfACredentialThatIsImported) {
  const std::string copy = files_.Contents("a.cred");
  ASSERT_TRUE(Import(files_).ok());
  const std::string before = files_.Contents(kOutgoing);
  ASSERT_TRUE(files_.Open("a.cred", OpenMode::kCreate).ok());
  files_.SetContents("a.cred", copy);
  auto imported = Import(files_);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_TRUE((*imported)->completed);
  EXPECT_EQ(files_.Contents(kOutgoing), before);
  EXPECT_EQ(PathsButBobs(files_), ImportedPaths());
}

TEST_F(ImportPairTest, RefusesWhatIsNoCredentialOfThisAgent) {
  EXPECT_EQ(
      ImportPair(files_, {PairedBob(), "state", "a.cred"}).status().code(),
      absl::StatusCode::kInvalidArgument);
  files_.SetMode("a.cred", 0640);
  EXPECT_EQ(ImportError().code(), absl::StatusCode::kPermissionDenied);
  files_.SetMode("a.cred", 0600);
  files_.SetContents("a.cred", files_.Contents("a.cred") + "x");
  EXPECT_EQ(ImportError().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(files_.Remove("a.cred").ok());
  EXPECT_EQ(ImportError().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_.Paths(), std::vector<std::string>{"b.cred"});
}

TEST_F(ImportPairTest, RefusesAStateFolderThatOthersCanRead) {
  ASSERT_TRUE(files_.MakeFolder("state").ok());
  files_.SetMode("state", 0755);
  EXPECT_EQ(ImportError().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(files_.Exists("a.cred"));
}

TEST_F(ImportPairTest, LeavesAloneWhatAnotherProcessImports) {
  for (const char* folder : {"state", kPeers, kPartial}) {
    ASSERT_TRUE(files_.MakeFolder(folder).ok());
  }
  auto other = LaneFile::Create(&files_, std::string(kPartial) + "/outgoing");
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(ImportError().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(files_.Exists(std::string(kPartial) + "/outgoing"));
}

TEST_F(ImportPairTest, AnErrorLeavesTheCredentialOrBothLanes) {
  for (uint64_t at = 0;; ++at) {
    SCOPED_TRACE(testing::Message() << "fault " << at);
    FakeFileSystem files(at);
    ASSERT_TRUE(Make(files).ok());
    files.Fail(files.operations() + at, absl::StatusCode::kResourceExhausted,
               1);
    const bool ok = Import(files).ok();
    files.StopFailing();
    EXPECT_FALSE(files.Exists(kPartial));
    if (!files.Exists(kWithBob)) {
      EXPECT_TRUE(ReadCredential(files, "a.cred", PairedAlice()).ok());
    } else {
      EXPECT_TRUE(HasBothLanes(files));
    }
    if (ok) {
      EXPECT_GT(at, 25u);
      break;
    }
    // Repeated, it comes to its end.
    auto again = Import(files);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(HasBothLanes(files));
    EXPECT_EQ(PathsButBobs(files), ImportedPaths());
  }
}

// By a kill, or by a power failure.
void InterruptImportEverywhere(bool power) {
  for (uint64_t at = 0;; ++at) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed
                                      << (power ? " power" : " kill"));
      FakeFileSystem files(seed);
      ASSERT_TRUE(Make(files).ok());
      files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
      finished = Import(files).ok();
      files.StopFailing();
      if (power) {
        files.Crash();
      } else {
        files.ReleaseLocks();
      }
      if (finished) {
        EXPECT_FALSE(files.Exists("a.cred"));
      } else {
        auto again = Import(files);
        ASSERT_TRUE(again.ok()) << again.status();
      }
      files.Crash();
      ASSERT_TRUE(HasBothLanes(files));
      ASSERT_TRUE(files.Remove("b.cred").ok());
      ASSERT_FALSE(OnTheMedium(files, RootBytes()));
      // If the last sync failed, zeros may have come back.
      files.Remove("./.a.cred.imported").IgnoreError();
      ASSERT_EQ(files.Paths(), ImportedPaths());
    }
    if (finished) break;
  }
}

TEST_F(ImportPairTest, AKillAnywhereIsMadeGoodByTheNextImport) {
  InterruptImportEverywhere(false);
}

TEST_F(ImportPairTest, APowerFailureAnywhereIsMadeGoodByTheNextImport) {
  InterruptImportEverywhere(true);
}

}  // namespace
}  // namespace service
