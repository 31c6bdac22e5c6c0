#include "service/storage/lane_file_format.h"

#include <gtest/gtest.h>

#include <string>

#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::AsBytes;
using skex::AsText;

constexpr absl::string_view kState = "some state";

std::string Slot(absl::string_view state = kState) {
  return std::string(AsText(EncodeLaneSlot(7, AsBytes(state)).view()));
}

TEST(LaneFileFormatTest, HasTheDocumentedBytes) {
  EXPECT_EQ(EncodeLaneHeader(), std::string("skexlane\0\1", 10));
  EXPECT_EQ(Slot().substr(0, 30),
            std::string("laneslot\0\0\0\0\0\0\0\7\0\0\0\12some state", 30));
  EXPECT_EQ(Slot().size(), kState.size() + kLaneSlotOverhead);
  EXPECT_EQ(LaneSlotOffset(1) + kLaneSlotSize, kLaneFileSize);
}

TEST(LaneFileFormatTest, ReadsASlotBack) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{1400}, kMostLaneState}) {
    const std::string state(size, 's');
    std::string bytes = Slot(state);
    bytes.resize(kLaneSlotSize);
    auto slot = DecodeLaneSlot(AsBytes(bytes));
    ASSERT_TRUE(slot.ok()) << size;
    EXPECT_EQ(slot->generation, 7u);
    EXPECT_EQ(AsText(slot->state.view()), state);
  }
}

TEST(LaneFileFormatTest, RefusesEveryFlippedBitOfASlot) {
  for (size_t bit = 0; bit < 8 * Slot().size(); ++bit) {
    std::string bytes = Slot();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(DecodeLaneSlot(AsBytes(bytes)).status().code(),
              absl::StatusCode::kDataLoss)
        << bit;
  }
}

TEST(LaneFileFormatTest, RefusesEveryTruncationOfASlot) {
  for (size_t size = 0; size < Slot().size(); ++size) {
    std::string bytes = Slot().substr(0, size);
    EXPECT_EQ(DecodeLaneSlot(AsBytes(bytes)).status().code(),
              absl::StatusCode::kDataLoss);
    bytes.resize(kLaneSlotSize);
    EXPECT_EQ(DecodeLaneSlot(AsBytes(bytes)).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(LaneFileFormatTest, ABeginningOfTheHeaderIsNone) {
  const std::string header = EncodeLaneHeader();
  for (size_t size = 0; size < header.size(); ++size) {
    std::string bytes = header.substr(0, size);
    bytes.resize(kLaneHeaderSize);
    auto has_state = DecodeLaneHeader(AsBytes(bytes));
    ASSERT_TRUE(has_state.ok()) << size;
    EXPECT_FALSE(*has_state) << size;
  }
  EXPECT_TRUE(*DecodeLaneHeader(AsBytes(header)));
}

TEST(LaneFileFormatTest, TellsOtherFilesFromNewerOnes) {
  EXPECT_EQ(DecodeLaneHeader(AsBytes("skexpad\n\0\1")).status().code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status newer =
      DecodeLaneHeader(AsBytes(absl::string_view("skexlane\0\2", 10))).status();
  EXPECT_EQ(newer.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(newer.message(),
            "has format version 2, this program reads 1; use the program that "
            "wrote it, or a newer one");
}

}  // namespace
}  // namespace service
