#include "service/storage/pad_audit.h"

#include <gtest/gtest.h>

#include "service/storage/fake_file_system.h"

namespace service {
namespace {

using skex::Direction;
using skex::Side;
using skex::Stream;

constexpr char kTable[] = "00000000000000000000000000000000";

class PadAuditTest : public testing::Test {
 protected:
  std::unique_ptr<PadAudit> Open() {
    auto audit = PadAudit::Open(&files_, "log");
    EXPECT_TRUE(audit.ok()) << audit.status();
    return audit.ok() ? *std::move(audit) : nullptr;
  }

  FakeFileSystem files_{1};
};

TEST_F(PadAuditTest, WritesALineForEveryUse) {
  auto audit = Open();
  audit->Record(skex::TableId(), Side::kAgent, Direction::kAgentToHub,
                Stream::kMac, {0, 32});
  audit->Record(skex::TableId(), Side::kAgent, Direction::kHubToAgent,
                Stream::kOtp, {64, 80});
  audit->Record(skex::TableId(), Side::kHub, Direction::kHubToAgent,
                Stream::kMac, {96, 128});
  EXPECT_TRUE(audit->status().ok());
  const std::string table = kTable;
  EXPECT_EQ(files_.Contents("log"), table + " agent send mac 0 32\n" + table +
                                        " agent receive otp 64 80\n" + table +
                                        " hub send mac 96 128\n");
}

TEST_F(PadAuditTest, ObservesAPad) {
  auto audit = Open();
  skex::Pad::UseObserver observer =
      audit->ObserverOf(skex::TableId(), Side::kHub);
  observer(Direction::kAgentToHub, Stream::kOtp, {16, 32});
  EXPECT_EQ(files_.Contents("log"),
            std::string(kTable) + " hub receive otp 16 32\n");
}

TEST_F(PadAuditTest, AppendsToWhatIsThere) {
  Open()->Record(skex::TableId(), Side::kHub, Direction::kHubToAgent,
                 Stream::kMac, {0, 32});
  Open()->Record(skex::TableId(), Side::kHub, Direction::kHubToAgent,
                 Stream::kMac, {32, 64});
  EXPECT_EQ(files_.Contents("log"), std::string(kTable) +
                                        " hub send mac 0 32\n" + kTable +
                                        " hub send mac 32 64\n");
}

TEST_F(PadAuditTest, BeginsANewLineBehindATornOne) {
  Open();
  files_.SetContents("log", "0000 agent se");
  Open()->Record(skex::TableId(), Side::kHub, Direction::kHubToAgent,
                 Stream::kMac, {0, 32});
  EXPECT_EQ(files_.Contents("log"),
            std::string("0000 agent se\n") + kTable + " hub send mac 0 32\n");
}

TEST_F(PadAuditTest, KeepsTheFirstErrorForEver) {
  auto audit = Open();
  files_.Fail(files_.operations(), absl::StatusCode::kResourceExhausted, 1);
  audit->Record(skex::TableId(), Side::kHub, Direction::kHubToAgent,
                Stream::kMac, {0, 32});
  audit->Record(skex::TableId(), Side::kHub, Direction::kHubToAgent,
                Stream::kMac, {32, 64});
  EXPECT_EQ(audit->status().code(), absl::StatusCode::kResourceExhausted);
  // What could be written later is a line of its own.
  const std::string line = std::string(kTable) + " hub send mac 32 64\n";
  const std::string log = files_.Contents("log");
  ASSERT_GE(log.size(), line.size());
  EXPECT_EQ(log.substr(log.size() - line.size()), line);
  EXPECT_EQ(log[log.size() - line.size() - 1], '\n');
}

TEST_F(PadAuditTest, RefusesAFileThatOthersCanRead) {
  Open();
  files_.SetMode("log", 0644);
  const absl::Status status = PadAudit::Open(&files_, "log").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            "log: other users have access to it; chmod 600 log");
}

}  // namespace
}  // namespace service
