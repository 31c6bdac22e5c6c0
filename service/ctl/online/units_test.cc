#include "service/ctl/online/units.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace service {
namespace {

TEST(UnitsTest, WritesBytes) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1024), "1.0 KiB");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(BytesText(64u << 20), "64.0 MiB");
  EXPECT_EQ(BytesText(uint64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(BytesText(uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(BytesText(uint64_t{7} << 50), "7.0 PiB");
  EXPECT_EQ(BytesText(UINT64_MAX), "16.0 EiB");
}

TEST(UnitsTest, WritesDurations) {
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0ms");
  EXPECT_EQ(DurationText(absl::Microseconds(12999)), "12ms");
  EXPECT_EQ(DurationText(absl::Seconds(1)), "1.0s");
  EXPECT_EQ(DurationText(absl::Milliseconds(119999)), "119.9s");
  EXPECT_EQ(DurationText(absl::Minutes(2)), "2m 0s");
  EXPECT_EQ(DurationText(absl::Seconds(3599)), "59m 59s");
  EXPECT_EQ(DurationText(absl::Minutes(61)), "1h 1m");
  EXPECT_EQ(DurationText(absl::Hours(49)), "2d 1h");
  EXPECT_EQ(DurationText(-absl::Seconds(5)), "-5.0s");
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "never");
}

TEST(UnitsTest, EscapesWhatIsNotPrintable) {
  EXPECT_EQ(PrintableText("plain text"), "plain text");
  EXPECT_EQ(PrintableText(absl::string_view("\x1b[2J\n\xff\0", 7)),
            "\\x1b[2J\\x0a\\xff\\x00");
}

TEST(UnitsTest, CutsWhatIsTooLong) {
  EXPECT_EQ(CutText("abcd", 5), "abcd");
  EXPECT_EQ(CutText("abcd", 4), "abcd");
  EXPECT_EQ(CutText("abcd", 3), "ab~");
  EXPECT_EQ(CutText("abcd", 1), "~");
  EXPECT_EQ(CutText("abcd", 0), "");
}

}  // namespace
}  // namespace service
