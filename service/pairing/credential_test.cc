#include "service/pairing/credential.h"

#include <gtest/gtest.h>

#include <string>

#include "service/pairing/pairing_testing.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::AsBytes;
using skex::AsText;

Credential OfAlice(uint64_t seed = 3) {
  return {PairedAlice(), PairedBob(),
          skex::Secret::CopyOf(AsBytes(RootBytes(seed)))};
}

std::string Bytes() {
  return std::string(AsText(EncodeCredential(OfAlice()).view()));
}

TEST(CredentialTest, ComesBackAsItWas) {
  auto credential = DecodeCredential(AsBytes(Bytes()));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->holder, PairedAlice());
  EXPECT_EQ(credential->peer, PairedBob());
  EXPECT_EQ(AsText(credential->root.view()), RootBytes());
  EXPECT_LE(Bytes().size(), kMostCredentialSize);
}

TEST(CredentialTest, RefusesEveryTruncation) {
  for (size_t size = 0; size < Bytes().size(); ++size) {
    EXPECT_FALSE(DecodeCredential(AsBytes(Bytes().substr(0, size))).ok());
  }
}

TEST(CredentialTest, RefusesEveryFlippedBit) {
  for (size_t bit = 0; bit < 8 * Bytes().size(); ++bit) {
    std::string bytes = Bytes();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(DecodeCredential(AsBytes(bytes)).ok()) << bit;
  }
}

TEST(CredentialTest, RefusesTrailingBytes) {
  EXPECT_EQ(DecodeCredential(AsBytes(Bytes() + "x")).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(CredentialTest, RefusesANewerVersion) {
  std::string bytes = Bytes();
  bytes[9] = 2;
  EXPECT_EQ(DecodeCredential(AsBytes(bytes)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(CredentialTest, BothEndsHaveTheSameFingerprint) {
  const Credential of_bob{PairedBob(), PairedAlice(), OfAlice().root.Clone()};
  const std::string fingerprint = PairFingerprint(OfAlice());
  EXPECT_EQ(PairFingerprint(of_bob), fingerprint);
  EXPECT_EQ(fingerprint.size(), 8u * 4 + 7);
  EXPECT_NE(PairFingerprint(OfAlice(4)), fingerprint);
  const Credential of_carol{PairedAlice(),
                            *skex::AgentId::Parse("carol@east.example"),
                            OfAlice().root.Clone()};
  EXPECT_NE(PairFingerprint(of_carol), fingerprint);
}

// Computed by an independent program from the documented formula.
TEST(CredentialTest, TheFingerprintIsTheDocumentedHash) {
  const Credential zeros{PairedAlice(), PairedBob(),
                         skex::Secret::OfSize(kRootSize)};
  EXPECT_EQ(PairFingerprint(zeros), "9ebb b086 b9dd d32f e657 1528 7e85 824b");
}

class CredentialFileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Make(files_).ok()); }
  absl::Status ReadError(const skex::AgentId& self = PairedAlice()) {
    return ReadCredential(files_, "a.cred", self).status();
  }
  FakeFileSystem files_{1};
};

TEST_F(CredentialFileTest, IsReadByItsHolder) {
  auto open = ReadCredential(files_, "a.cred", PairedAlice());
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(open->credential.peer, PairedBob());
}

TEST_F(CredentialFileTest, IsHeldByOneProcess) {
  auto open = ReadCredential(files_, "a.cred", PairedAlice());
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadError().message(),
            "a.cred: another process imports this credential; wait for it");
}

TEST_F(CredentialFileTest, IsRefusedByOthers) {
  EXPECT_EQ(ReadError(PairedBob()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadError(PairedBob()).message(),
            "a.cred: is the credential of alice@north.example for "
            "bob@south.example, not of bob@south.example; import it at that "
            "agent");
}

TEST_F(CredentialFileTest, ReportsAMissingFile) {
  ASSERT_TRUE(files_.Remove("a.cred").ok());
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kNotFound);
}

TEST_F(CredentialFileTest, IsRefusedIfOthersCanReadIt) {
  files_.SetMode("a.cred", 0644);
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadError().message(),
            "a.cred: other users have access to it; chmod 600 a.cred");
}

TEST_F(CredentialFileTest, RefusesOtherFiles) {
  files_.SetContents("a.cred", std::string(1 << 20, 'x'));
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadError().message(),
            "a.cred: is not a credential; give the path of a file that skexctl "
            "pair make wrote");
}

TEST_F(CredentialFileTest, ReportsDamage) {
  files_.SetContents("a.cred", Bytes().substr(0, 90));
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadError().message(),
            "a.cred: is truncated, altered or damaged; copy the file again "
            "from where it was made, or make a new pair");
}

TEST_F(CredentialFileTest, ReportsIoErrors) {
  files_.FailReads(files_.reads());
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace service
