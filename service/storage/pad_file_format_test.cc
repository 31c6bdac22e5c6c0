#include "service/storage/pad_file_format.h"

#include <gtest/gtest.h>

#include "service/storage/pad_file_testing.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

std::string HeaderBytes() {
  return std::string(
      skex::AsText(EncodePadHeader(TestHeader(skex::Side::kHub)).view()));
}

TEST(PadHeaderTest, ReadsBackWhatItWrote) {
  const PadFileHeader wrote = TestHeader(skex::Side::kHub);
  auto read = DecodePadHeader(EncodePadHeader(wrote).view());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->side, wrote.side);
  EXPECT_EQ(read->identity.table, wrote.identity.table);
  EXPECT_EQ(read->identity.agent, wrote.identity.agent);
  EXPECT_EQ(read->identity.hub, wrote.identity.hub);
  EXPECT_EQ(read->identity.source, wrote.identity.source);
  EXPECT_EQ(read->identity.geometry.lanes, wrote.identity.geometry.lanes);
  EXPECT_EQ(read->identity.geometry.mac_bytes,
            wrote.identity.geometry.mac_bytes);
  EXPECT_EQ(read->identity.geometry.otp_bytes,
            wrote.identity.geometry.otp_bytes);
  EXPECT_TRUE(
      skex::EqualInConstantTime(read->link_key.view(), wrote.link_key.view()));
}

TEST(PadHeaderTest, RoundTripsTheLongestNames) {
  PadFileHeader wrote = TestHeader(skex::Side::kAgent);
  const std::string name = "a@" + std::string(skex::kMaxNameSize - 2, 'x');
  wrote.identity.agent = *skex::AgentId::Parse(name);
  wrote.identity.hub = *skex::HubId::Parse(name);
  auto read = DecodePadHeader(EncodePadHeader(wrote).view());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->identity.agent.text(), name);
}

TEST(PadHeaderTest, RoundTripsEverySourceAndRefusesOthers) {
  for (int source = 0; source < 256; ++source) {
    PadFileHeader wrote = TestHeader(skex::Side::kHub);
    wrote.identity.source = static_cast<skex::PadSource>(source);
    auto read = DecodePadHeader(EncodePadHeader(wrote).view());
    if (source >= 1 && source <= 3) {
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->identity.source, wrote.identity.source);
    } else {
      EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << source;
    }
  }
}

TEST(PadHeaderTest, RefusesEveryFlippedBit) {
  const std::string good = HeaderBytes();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(DecodePadHeader(skex::AsBytes(bad)).ok()) << "bit " << bit;
  }
}

TEST(PadHeaderTest, RefusesEveryTruncation) {
  const std::string good = HeaderBytes();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(DecodePadHeader(skex::AsBytes(good.substr(0, size))).ok());
  }
}

TEST(PadHeaderTest, TellsAForeignFileFromADamagedPad) {
  std::string bytes(kPadHeaderSize, 'x');
  EXPECT_EQ(DecodePadHeader(skex::AsBytes(bytes)).status().code(),
            absl::StatusCode::kInvalidArgument);
  bytes = HeaderBytes();
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  EXPECT_EQ(DecodePadHeader(skex::AsBytes(bytes)).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(PadHeaderTest, RefusesANewerFormatWithWhatToInstall) {
  std::string bytes = HeaderBytes();
  bytes[kPadFileMagic.size() + 1] = 2;
  const absl::Status status = DecodePadHeader(skex::AsBytes(bytes)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "has pad format 2, this program reads formats up to 1; install the "
            "skex release that wrote it or newer");
}

TEST(ImportRecordTest, TellsTheThreeStatesApart) {
  const skex::TableId table = TestHeader(skex::Side::kAgent).identity.table;
  Sha256Digest hash;
  hash.fill(9);
  const std::string no_hash(kImportSectorSize, '\0');

  auto fresh =
      DecodeImport(table, skex::AsBytes(EncodeImportFlag(table, false) +
                                        EncodeImportHash(table, hash)));
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_FALSE(fresh->checked);
  EXPECT_TRUE(fresh->has_hash);
  EXPECT_EQ(fresh->hash, hash);

  auto interrupted =
      DecodeImport(table, skex::AsBytes(EncodeImportFlag(table, true) +
                                        EncodeImportHash(table, hash)));
  ASSERT_TRUE(interrupted.ok());
  EXPECT_TRUE(interrupted->checked);
  EXPECT_TRUE(interrupted->has_hash);

  auto done = DecodeImport(
      table, skex::AsBytes(EncodeImportFlag(table, true) + no_hash));
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->checked);
  EXPECT_FALSE(done->has_hash);
}

TEST(ImportRecordTest, RefusesAnUncheckedPadWithoutItsHash) {
  const skex::TableId table = TestHeader(skex::Side::kAgent).identity.table;
  const std::string zeros(2 * kImportSectorSize, '\0');
  EXPECT_EQ(DecodeImport(table, skex::AsBytes(zeros)).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(ImportRecordTest, RefusesTheFlagOfAnotherPad) {
  const skex::TableId table = TestHeader(skex::Side::kAgent).identity.table;
  const std::string bytes = EncodeImportFlag(skex::TableId(), true) +
                            std::string(kImportSectorSize, '\0');
  EXPECT_EQ(DecodeImport(table, skex::AsBytes(bytes)).status().code(),
            absl::StatusCode::kDataLoss);
}

class MarkSlotTest : public testing::Test {
 protected:
  const skex::PadIdentity identity_ = TestHeader(skex::Side::kHub).identity;
  MarkSlot slot_{3, skex::PadMarks::Fresh(identity_.geometry)};
};

TEST_F(MarkSlotTest, ReadsBackWhatItWrote) {
  slot_.marks.at(skex::Direction::kHubToAgent, 0, skex::Stream::kOtp)
      .claimed_upto += 64;
  auto read = DecodeMarkSlot(
      identity_, skex::AsBytes(EncodeMarkSlot(identity_.table, slot_)));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->generation, 3u);
  EXPECT_EQ(read->marks, slot_.marks);
}

TEST_F(MarkSlotTest, RefusesEveryFlippedBitOfItsContents) {
  const std::string good = EncodeMarkSlot(identity_.table, slot_);
  const size_t used = 8 + 8 + 16 + 32 * 16 + 32;
  for (size_t bit = 0; bit < used * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(DecodeMarkSlot(identity_, skex::AsBytes(bad)).status().code(),
              absl::StatusCode::kDataLoss)
        << "bit " << bit;
  }
}

TEST_F(MarkSlotTest, RefusesTheSlotOfAnotherPad) {
  const std::string bytes = EncodeMarkSlot(skex::TableId(), slot_);
  EXPECT_FALSE(DecodeMarkSlot(identity_, skex::AsBytes(bytes)).ok());
}

TEST_F(MarkSlotTest, RefusesMarksOutsideTheirStream) {
  slot_.marks.at(skex::Direction::kAgentToHub, 0, skex::Stream::kMac)
      .claimed_upto += skex::kMacChunk + 32;
  const std::string bytes = EncodeMarkSlot(identity_.table, slot_);
  EXPECT_FALSE(DecodeMarkSlot(identity_, skex::AsBytes(bytes)).ok());
}

TEST_F(MarkSlotTest, RefusesErasureBeyondWhatIsClaimed) {
  slot_.marks.at(skex::Direction::kAgentToHub, 0, skex::Stream::kMac)
      .erased_upto += 32;
  EXPECT_FALSE(MarksFit(identity_.geometry, slot_.marks));
}

TEST_F(MarkSlotTest, SeesMarksThatGoBack) {
  skex::PadMarks next = slot_.marks;
  next.at(skex::Direction::kHubToAgent, 0, skex::Stream::kMac).claimed_upto +=
      32;
  EXPECT_TRUE(MarksAdvance(identity_.geometry, slot_.marks, next));
  EXPECT_FALSE(MarksAdvance(identity_.geometry, next, slot_.marks));
}

}  // namespace
}  // namespace service
