#include "service/storage/pad_file.h"

#include <gtest/gtest.h>

#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file_testing.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::Direction;
using skex::Side;
using skex::Stream;

class PadFileTest : public testing::Test {
 protected:
  void SetUp() override { Make(Side::kAgent); }

  void Make(Side side, uint64_t otp_chunks = 1) {
    const absl::Status removed = files_.Remove("pad");
    ASSERT_TRUE(removed.ok() || absl::IsNotFound(removed));
    ASSERT_TRUE(WriteTestPad(files_, "pad", TestHeader(side, otp_chunks)).ok());
  }

  absl::StatusOr<std::unique_ptr<PadFile>> Open(Side side = Side::kAgent) {
    return PadFile::Open(&files_, "pad", side, Alice(), Hub1());
  }

  std::unique_ptr<PadFile> MustOpen(Side side = Side::kAgent) {
    auto pad = Open(side);
    EXPECT_TRUE(pad.ok()) << pad.status();
    return pad.ok() ? *std::move(pad) : nullptr;
  }

  void Flip(size_t at) {
    std::string bytes = files_.Contents("pad");
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    files_.SetContents("pad", std::move(bytes));
  }

  static skex::PadMarks Claimed(const PadFile& pad, uint64_t more) {
    skex::PadMarks marks = pad.marks();
    marks.at(Direction::kAgentToHub, 0, Stream::kOtp).claimed_upto += more;
    return marks;
  }

  FakeFileSystem files_{1};
};

TEST_F(PadFileTest, ReadsItsIdentityKeyMarksAndData) {
  auto pad = MustOpen();
  const PadFileHeader header = TestHeader(Side::kAgent);
  EXPECT_EQ(pad->identity().table, header.identity.table);
  EXPECT_TRUE(skex::EqualInConstantTime(pad->link_key().view(),
                                        header.link_key.view()));
  EXPECT_EQ(pad->marks(), skex::PadMarks::Fresh(header.identity.geometry));
  std::string data(header.identity.geometry.total_bytes(), '\0');
  ASSERT_TRUE(
      pad->Read(0, {reinterpret_cast<uint8_t*>(data.data()), data.size()})
          .ok());
  EXPECT_EQ(data, TestData(header));
}

TEST_F(PadFileTest, ServesAsStorageOfAPad) {
  auto pad_file = MustOpen();
  auto pad = skex::Pad::Open(pad_file.get(), Side::kAgent, 0);
  ASSERT_TRUE(pad.ok()) << pad.status();
  auto range = (*pad)->Grant(Stream::kMac, 64);
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(pad_file->marks()
                .at(Direction::kHubToAgent, 0, Stream::kMac)
                .claimed_upto,
            range->to);
}

TEST_F(PadFileTest, OpeningAloneChangesNothing) {
  const std::string before = files_.Contents("pad");
  ASSERT_NE(MustOpen(), nullptr);
  EXPECT_EQ(files_.Contents("pad"), before);
}

TEST_F(PadFileTest, TheFirstMarkForgetsTheHashDurably) {
  const std::string zeros(kImportSectorSize, '\0');
  {
    auto pad = MustOpen();
    ASSERT_NE(pad, nullptr);
    ASSERT_TRUE(pad->CommitMarks(pad->marks()).ok());
  }
  EXPECT_EQ(files_.Durable("pad").substr(kImportHashOffset, kImportSectorSize),
            zeros);
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(PadFileTest, TheFirstErasureForgetsTheHashDurably) {
  const std::string zeros(kImportSectorSize, '\0');
  {
    auto pad = MustOpen();
    ASSERT_NE(pad, nullptr);
    ASSERT_TRUE(pad->Erase(0, 4096).ok());
  }
  EXPECT_EQ(files_.Durable("pad").substr(kImportHashOffset, kImportSectorSize),
            zeros);
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(PadFileTest, RefusesAlteredDataAtTheFirstUse) {
  Flip(kPadDataOffset + 12345);
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "pad: was altered since it was made: its data does not have the "
            "hash in its header; have the hub's operator revoke and enrol "
            "alice@north.example again");
  // Refused for good: the hash is still there.
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PadFileTest, RefusesAMissingFile) {
  ASSERT_TRUE(files_.Remove("pad").ok());
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "pad: there is no such file; put the pad of alice@north.example "
            "and hub1@one.example there (skexctl enrol makes it)");
}

TEST_F(PadFileTest, RefusesAccessByOthers) {
  files_.SetMode("pad", 0640);
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            "pad: other users have access to it; chmod 600 pad");
}

TEST_F(PadFileTest, RefusesAnotherUsersFile) {
  files_.SetOwner("pad", 4242);
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_NE(status.message().find("belongs to user id 4242"),
            absl::string_view::npos);
  EXPECT_NE(status.message().find("; chown "), absl::string_view::npos);
}

TEST_F(PadFileTest, RefusesASecondUser) {
  auto pad = MustOpen();
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "pad: another running process uses this pad; stop it, or give each "
            "process a pad of its own");
  pad.reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(PadFileTest, RefusesATruncatedFile) {
  std::string bytes = files_.Contents("pad");
  bytes.resize(bytes.size() - 1000);
  files_.SetContents("pad", bytes);
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            absl::StrCat("pad: is truncated: expected ", bytes.size() + 1000,
                         " bytes, found ", bytes.size(),
                         "; copy the file again from where it was made, or "
                         "have it enrolled again"));
}

TEST_F(PadFileTest, RefusesATooLongFile) {
  files_.SetContents("pad", files_.Contents("pad") + "x");
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PadFileTest, RefusesWhatIsNotAPad) {
  for (const std::string& bytes :
       {std::string(), std::string("name = 1\n"), std::string(20000, 'x')}) {
    files_.SetContents("pad", bytes);
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              "pad: is not a pad file; give the path of a file that skexctl "
              "enrol made");
  }
}

TEST_F(PadFileTest, RefusesADamagedHeader) {
  Flip(200);
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PadFileTest, RefusesTheOtherSidesHalf) {
  absl::Status status = Open(Side::kHub).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("is the agent's half"),
            absl::string_view::npos);
  Make(Side::kHub);
  status = Open(Side::kAgent).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "pad: is the hub's half of the pad; use the file that skexctl "
            "enrol --out wrote");
}

TEST_F(PadFileTest, SaysWhosePadItIs) {
  const auto bob = *skex::AgentId::Parse("bob@south.example");
  const absl::Status status =
      PadFile::Open(&files_, "pad", Side::kAgent, bob, Hub1()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "pad: is the pad of alice@north.example and hub1@one.example, not "
            "of bob@south.example and hub1@one.example; use the file that was "
            "made for these two");
  const auto hub2 = *skex::HubId::Parse("hub2@two.example");
  EXPECT_EQ(PadFile::Open(&files_, "pad", Side::kAgent, Alice(), hub2)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PadFileTest, KeepsCommittedMarks) {
  auto pad = MustOpen();
  const skex::PadMarks marks = Claimed(*pad, 64);
  ASSERT_TRUE(pad->CommitMarks(marks).ok());
  EXPECT_EQ(pad->marks(), marks);
  pad.reset();
  files_.Crash();
  EXPECT_EQ(MustOpen()->marks(), marks);
}

TEST_F(PadFileTest, TakesOneTornSlot) {
  auto pad = MustOpen();
  const skex::PadMarks before = Claimed(*pad, 64);
  ASSERT_TRUE(pad->CommitMarks(before).ok());
  pad.reset();
  for (size_t slot = 0; slot < kMarkSlots; ++slot) {
    Flip(MarkSlotOffset(slot) + 40);
    EXPECT_TRUE(Open().ok());
    Flip(MarkSlotOffset(slot) + 40);
  }
}

TEST_F(PadFileTest, RefusesTwoTornSlots) {
  Flip(MarkSlotOffset(0) + 40);
  Flip(MarkSlotOffset(1) + 40);
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("both of its mark slots are damaged"),
            absl::string_view::npos);
  EXPECT_NE(status.message().find("revoke and enrol"), absl::string_view::npos);
}

TEST_F(PadFileTest, RefusesMarksThatGoBackOrLeaveTheirStream) {
  auto pad = MustOpen();
  const skex::PadMarks fresh = pad->marks();
  ASSERT_TRUE(pad->CommitMarks(Claimed(*pad, 64)).ok());
  const uint64_t before = files_.operations();
  EXPECT_EQ(pad->CommitMarks(fresh).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(pad->CommitMarks(Claimed(*pad, skex::kOtpChunk)).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(files_.operations(), before);
}

TEST_F(PadFileTest, PassesErrorsOfACommitOnAndRecovers) {
  auto pad = MustOpen();
  const skex::PadMarks old = pad->marks();
  const skex::PadMarks next = Claimed(*pad, 64);
  for (absl::StatusCode code :
       {absl::StatusCode::kResourceExhausted, absl::StatusCode::kUnavailable}) {
    files_.Fail(files_.operations(), code);
    EXPECT_EQ(pad->CommitMarks(next).code(), code);
    EXPECT_EQ(pad->marks(), old);
    files_.StopFailing();
  }
  EXPECT_TRUE(pad->CommitMarks(next).ok());
  EXPECT_EQ(pad->marks(), next);
}

// An error of the disk is not damage: what is unreadable now may be there the
// next time.
TEST_F(PadFileTest, PassesReadErrorsOfAnOpeningOnAndRecovers) {
  const std::string before = files_.Contents("pad");
  const uint64_t first = files_.reads();
  ASSERT_NE(MustOpen(), nullptr);
  const uint64_t reads = files_.reads() - first;
  ASSERT_GT(reads, 4u);
  for (uint64_t read = 0; read < reads; ++read) {
    SCOPED_TRACE(read);
    files_.FailReads(files_.reads() + read, absl::StatusCode::kUnavailable, 1);
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status.message(), "pad: Input/output error");
  }
  EXPECT_EQ(files_.Contents("pad"), before);
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(PadFileTest, PassesReadErrorsOnAndRecovers) {
  auto pad = MustOpen();
  uint8_t bytes[64];
  files_.FailReads(files_.reads());
  EXPECT_EQ(pad->Read(0, bytes).code(), absl::StatusCode::kUnavailable);
  files_.StopFailing();
  ASSERT_TRUE(pad->Read(0, bytes).ok());
  EXPECT_EQ(skex::AsText(bytes),
            TestData(TestHeader(Side::kAgent)).substr(0, 64));
}

TEST_F(PadFileTest, SaysWhereAFileEndsThatWasCutWhileInUse) {
  auto pad = MustOpen();
  files_.SetContents("pad", files_.Contents("pad").substr(0, 20000));
  uint8_t bytes[64];
  EXPECT_TRUE(pad->Read(20000 - kPadDataOffset - 64, bytes).ok());
  const absl::Status status = pad->Read(20000 - kPadDataOffset - 63, bytes);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(), "pad: ends at byte 20000");
}

TEST_F(PadFileTest, RefusesToReadBehindTheEnd) {
  auto pad = MustOpen();
  const uint64_t size = pad->identity().geometry.total_bytes();
  uint8_t bytes[2];
  EXPECT_TRUE(pad->Read(size - 2, bytes).ok());
  EXPECT_EQ(pad->Read(size - 1, bytes).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(pad->Read(UINT64_MAX, bytes).code(), absl::StatusCode::kOutOfRange);
}

TEST_F(PadFileTest, ErasesDurablyAndNothingElse) {
  auto pad = MustOpen();
  std::string want = TestData(TestHeader(Side::kAgent));
  ASSERT_TRUE(pad->Erase(1000, 5000).ok());
  want.replace(1000, 4000, std::string(4000, '\0'));
  EXPECT_EQ(files_.Durable("pad").substr(kPadDataOffset), want);
}

TEST_F(PadFileTest, ErasesMoreThanAPiece) {
  Make(Side::kAgent, 40);
  auto pad = MustOpen();
  std::string want = TestData(TestHeader(Side::kAgent, 40));
  const uint64_t from = 5, to = want.size() - 7;
  ASSERT_TRUE(pad->Erase(from, to).ok());
  want.replace(from, to - from, std::string(to - from, '\0'));
  EXPECT_EQ(files_.Contents("pad").substr(kPadDataOffset), want);
  EXPECT_EQ(files_.Durable("pad").substr(kPadDataOffset), want);
}

TEST_F(PadFileTest, RefusesToEraseBehindTheEnd) {
  auto pad = MustOpen();
  const uint64_t size = pad->identity().geometry.total_bytes();
  EXPECT_EQ(pad->Erase(0, size + 1).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(pad->Erase(2, 1).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(pad->Erase(size, size).ok());
}

}  // namespace
}  // namespace service
