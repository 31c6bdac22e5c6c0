#include "service/enrol/pad_size.h"

#include <gtest/gtest.h>

#include "skex/pad/pad.h"

namespace service {
namespace {

TEST(PadSizeTest, ReadsSizesWithTheirUnits) {
  EXPECT_EQ(*ParseSize("512KiB"), 512u * 1024);
  EXPECT_EQ(*ParseSize("64MiB"), 64u * 1024 * 1024);
  EXPECT_EQ(*ParseSize("2GiB"), 2u * 1024 * 1024 * 1024);
}

TEST(PadSizeTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "64", "MiB", "64MB", "64M", "-1MiB", "+1MiB", "1.5MiB", " 1MiB",
        "1 MiB", "1MiBx", "0x10MiB", "99999999999999999999MiB"}) {
    const absl::Status status = ParseSize(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(ParseSize("64MB").status().message(),
            "'64MB' is not a size; write for example 512KiB, 64MiB or 1GiB");
  EXPECT_EQ(ParseSize("2000GiB").status().message(),
            "a pad of 2000GiB is too large; choose at most 1024 GiB");
}

TEST(PadSizeTest, WritesSizesForPeople) {
  EXPECT_EQ(FormatSize(300), "300 bytes");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize(64 << 20), "64 MiB");
  EXPECT_EQ(FormatSize(uint64_t{1} << 30), "1 GiB");
}

TEST(PadSizeTest, GivesAnEighthOfEachLaneToMacKeys) {
  const skex::PadGeometry geometry = *GeometryFor(64 << 20, 2);
  EXPECT_EQ(geometry.lanes, 2);
  EXPECT_EQ(geometry.mac_bytes, 2u << 20);
  EXPECT_EQ(geometry.otp_bytes, 14u << 20);
  EXPECT_EQ(geometry.total_bytes(), 64u << 20);
}

TEST(PadSizeTest, NeverTakesMoreThanAskedForAndLeavesLittleOver) {
  for (uint32_t lanes = 1; lanes <= skex::kMaxLanes; ++lanes) {
    for (uint64_t size = 2 << 20; size < (3 << 20); size += 50021) {
      auto geometry = GeometryFor(size, lanes);
      ASSERT_TRUE(geometry.ok()) << geometry.status();
      EXPECT_TRUE(geometry->Check().ok());
      EXPECT_LE(geometry->total_bytes(), size);
      EXPECT_GE(geometry->total_bytes() +
                    2 * lanes * (skex::kOtpChunk + skex::kMacChunk),
                size);
    }
  }
}

TEST(PadSizeTest, TakesTheSmallestPadAndSaysWhatItIs) {
  EXPECT_TRUE(GeometryFor(144 << 10, 1).ok());
  EXPECT_EQ(GeometryFor((144 << 10) - 1, 1).status().message(),
            "a pad of 144 KiB is too small; with 1 lane choose at least "
            "144KiB");
  EXPECT_EQ(GeometryFor(144 << 10, 8).status().message(),
            "a pad of 144 KiB is too small; with 8 lanes choose at least "
            "1152KiB");
}

TEST(PadSizeTest, RefusesImpossibleNumbersOfLanes) {
  for (uint32_t lanes : {0u, 9u, 256u, 257u}) {
    EXPECT_EQ(GeometryFor(64 << 20, lanes).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace service
