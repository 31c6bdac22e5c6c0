#include "service/ctl/progress_meter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace service {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class ProgressMeterTest : public testing::Test {
 protected:
  ProgressMeter Make(bool terminal) {
    return ProgressMeter(out_, terminal, "writing", [this] { return now_; });
  }

  absl::Time now_ = absl::UnixEpoch();
  std::ostringstream out_;
};

TEST_F(ProgressMeterTest, WritesALineForEachTenthWithoutATerminal) {
  ProgressMeter meter = Make(false);
  for (int i = 1; i <= 100; ++i) {
    now_ += absl::Milliseconds(100);
    meter.Update(i * kMiB, 100 * kMiB);
  }
  meter.Finish();
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "writing  10 %  10 MiB/s  10 s left");
  EXPECT_NE(text.find("writing 100 %  10 MiB/s\n"), std::string::npos);
}

TEST_F(ProgressMeterTest, ChangesOneLineOnATerminal) {
  ProgressMeter meter = Make(true);
  now_ += absl::Seconds(1);
  meter.Update(50 * kMiB, 100 * kMiB);
  EXPECT_EQ(out_.str(),
            "\rwriting [###############               ]  50 %  50 MiB/s  "
            "2 s left\x1b[K");
  meter.Update(100 * kMiB, 100 * kMiB);
  meter.Finish();
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(ProgressMeterTest, DoesNotFloodATerminal) {
  ProgressMeter meter = Make(true);
  now_ += absl::Seconds(1);
  for (int i = 1; i < 1000; ++i) meter.Update(i, 1000);
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 1);
}

TEST_F(ProgressMeterTest, TakesATotalOfZero) {
  ProgressMeter meter = Make(false);
  meter.Update(0, 0);
  EXPECT_EQ(out_.str(), "writing 100 %\n");
}

}  // namespace
}  // namespace service
