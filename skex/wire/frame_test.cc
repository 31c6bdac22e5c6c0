#include "skex/wire/frame.h"

#include <string>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

FrameHeader SomeHeader() {
  FrameHeader header;
  header.type = FrameType::kDeal;
  header.table.mutable_bytes()[3] = 9;
  header.direction = Direction::kHubToAgent;
  header.lane = 2;
  header.mac_offset = 0x1122334455667788;
  header.otp = {4096, 4096 + 80};
  return header;
}

std::string SomeFrame() {
  return EncodeFrame(SomeHeader(), {"body"}) + std::string(16, 't');
}

TEST(FrameTest, HeaderHasItsFixedSize) {
  EXPECT_EQ(EncodeFrame(SomeHeader(), {}).size(), kFrameHeaderSize);
}

TEST(FrameTest, RoundTrips) {
  const std::string bytes = SomeFrame();
  absl::StatusOr<Frame> frame = ParseFrame(AsBytes(bytes));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(frame->header.type, FrameType::kDeal);
  EXPECT_EQ(frame->header.table, SomeHeader().table);
  EXPECT_EQ(frame->header.direction, Direction::kHubToAgent);
  EXPECT_EQ(frame->header.lane, 2);
  EXPECT_EQ(frame->header.mac_offset, SomeHeader().mac_offset);
  EXPECT_EQ(frame->header.otp, SomeHeader().otp);
  EXPECT_EQ(AsText(frame->body), "body");
  EXPECT_EQ(AsText(frame->tag), std::string(16, 't'));
  EXPECT_EQ(frame->covered.size(), kFrameHeaderSize + 4);
}

TEST(FrameTest, EveryTruncationAndEveryTrailingByteIsRefused) {
  const std::string bytes = SomeFrame();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseFrame(AsBytes(bytes.substr(0, size))).ok()) << size;
  }
  EXPECT_FALSE(ParseFrame(AsBytes(bytes + "x")).ok());
}

TEST(FrameTest, OtherVersionIsRefusedWithTheWayOut) {
  std::string bytes = SomeFrame();
  bytes[4] = 2;
  absl::Status status = ParseFrame(AsBytes(bytes)).status();
  EXPECT_NE(status.message().find("install the same release"),
            absl::string_view::npos);
}

TEST(FrameTest, RefusesUnknownTypesSuitesDirectionsAndReservedBits) {
  struct Change {
    size_t at;
    char value;
  };
  for (Change change : {Change{5, 0}, Change{5, 6}, Change{5, 21}, Change{7, 2},
                        Change{24, 2}, Change{49, 1}}) {
    std::string bytes = SomeFrame();
    bytes[change.at] = change.value;
    EXPECT_EQ(ParseFrame(AsBytes(bytes)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << change.at;
  }
}

TEST(FrameTest, RefusesAPadRangeThatOverflows) {
  std::string bytes = SomeFrame();
  for (size_t at = 34; at < 42; ++at) bytes[at] = '\xff';
  EXPECT_FALSE(ParseFrame(AsBytes(bytes)).ok());
}

TEST(FrameTest, TagSizeFollowsFromTheType) {
  EXPECT_EQ(TagSize(FrameType::kChallenge), 0u);
  EXPECT_EQ(TagSize(FrameType::kHello), 32u);
  EXPECT_EQ(TagSize(FrameType::kDeal), 16u);
}

}  // namespace
}  // namespace skex
