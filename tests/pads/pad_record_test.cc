// The checks of the other tests can fail.

#include "tests/pads/pad_record.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"

namespace skex {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();
constexpr PadGeometry kGeometry = {
    .lanes = 1, .mac_bytes = 4 * kMacChunk, .otp_bytes = 4 * kOtpChunk};

class PadRecordTest : public testing::Test {
 protected:
  // In the agent's mac stream, which begins at 0.
  void Send(PadRange range, uint64_t claimed_upto = kAll) {
    record_.NoteUse(Side::kAgent, Direction::kAgentToHub, Stream::kMac, range,
                    claimed_upto);
  }
  void Accept(PadRange range, uint64_t claimed_upto = kAll) {
    record_.NoteUse(Side::kHub, Direction::kAgentToHub, Stream::kMac, range,
                    claimed_upto);
  }
  void Restart(uint64_t granted_upto) {
    record_.NoteRestart(Direction::kAgentToHub, Stream::kMac, granted_upto);
  }

  PadRecord record_{"pad", kGeometry};
};

TEST_F(PadRecordTest, FindsNothingWrongWithOrdinaryUse) {
  Send({0, 32});
  Send({32, 64});
  Accept({32, 64});
  Restart(kMacChunk);
  Send({kMacChunk, kMacChunk + 32});
  EXPECT_THAT(record_.violations(), IsEmpty());
  EXPECT_EQ(record_.underway(Stream::kMac), 64u);
  EXPECT_EQ(record_.given_up(Stream::kMac), kMacChunk - 64);
}

TEST_F(PadRecordTest, SeesAByteThatIsSentTwice) {
  Send({0, 64});
  Send({32, 96});
  EXPECT_THAT(record_.violations(), ElementsAre(HasSubstr("is used again")));
}

TEST_F(PadRecordTest, SeesAByteThatIsUsedAfterItWasGivenUp) {
  Restart(kMacChunk);
  Send({0, 32});
  EXPECT_THAT(record_.violations(), ElementsAre(HasSubstr("was given up")));
}

TEST_F(PadRecordTest, SeesAByteThatIsLostWithoutACrash) {
  Send({0, 32});
  Send({64, 96});
  EXPECT_THAT(record_.violations(),
              ElementsAre(HasSubstr("is lost without a crash")));
}

TEST_F(PadRecordTest, SeesAByteThatIsAcceptedTwice) {
  Send({0, 32});
  Accept({0, 32});
  Accept({0, 32});
  EXPECT_THAT(record_.violations(), ElementsAre(HasSubstr("is accepted")));
}

TEST_F(PadRecordTest, SeesAByteThatIsAcceptedAndWasNotSent) {
  Send({0, 32});
  Accept({0, 64});
  EXPECT_THAT(record_.violations(), ElementsAre(HasSubstr("is accepted")));
}

TEST_F(PadRecordTest, SeesUseBeforeTheClaimIsOnTheMedium) {
  Send({0, 64}, 32);
  Accept({0, 64}, 32);
  EXPECT_THAT(record_.violations(),
              ElementsAre(HasSubstr("the medium of the agent says claimed"),
                          HasSubstr("the medium of the hub says claimed")));
}

TEST_F(PadRecordTest, SeesThatACrashGivesUpTooMuch) {
  Send({0, 32});
  Restart(32 + MostGivenUp(Stream::kMac));
  EXPECT_THAT(record_.violations(), IsEmpty());
  Restart(64 + 2 * MostGivenUp(Stream::kMac));
  EXPECT_THAT(record_.violations(),
              ElementsAre(HasSubstr("is given up by one crash")));
}

TEST_F(PadRecordTest, SeesBytesOfAnotherStream) {
  record_.NoteUse(Side::kAgent, Direction::kAgentToHub, Stream::kMac,
                  {4 * kMacChunk, 4 * kMacChunk + 32}, kAll);
  EXPECT_THAT(record_.violations(),
              ElementsAre(HasSubstr("is not in the stream")));
}

}  // namespace
}  // namespace skex
