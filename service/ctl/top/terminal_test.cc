#include "service/ctl/top/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"

namespace service {
namespace {

TEST(PlainKeysTest, LeavesOutTheCodesOfOtherKeys) {
  EXPECT_EQ(PlainKeys("qp h"), "qp h");
  EXPECT_EQ(PlainKeys(""), "");
  // An arrow, F1, Ctrl with another, Alt with a letter.
  EXPECT_EQ(PlainKeys("a\x1b[Ab\x1bOPc\x1b[1;5qd\x1bpe"), "abcde");
  for (const char* cut : {"a\x1b", "a\x1b[", "a\x1b[1;5", "a\x1bO"}) {
    EXPECT_EQ(PlainKeys(cut), "a");
  }
}

// The two ends of a pseudo-terminal.
class TerminalTest : public testing::Test {
 protected:
  TerminalTest() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    EXPECT_EQ(grantpt(master_), 0);
    EXPECT_EQ(unlockpt(master_), 0);
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    EXPECT_GE(slave_, 0);
  }
  ~TerminalTest() override {
    if (master_ >= 0) close(master_);
    close(slave_);
  }

  // What the operator's side got since.
  std::string Output() {
    std::string output;
    char bytes[4096];
    ssize_t count = 0;
    while ((count = read(master_, bytes, sizeof(bytes))) > 0) {
      output.append(bytes, static_cast<size_t>(count));
    }
    return output;
  }
  tcflag_t LocalModes() {
    termios modes = {};
    EXPECT_EQ(tcgetattr(slave_, &modes), 0);
    return modes.c_lflag;
  }

  int master_;
  int slave_ = -1;
};

TEST_F(TerminalTest, GivesTheTerminalBack) {
  const tcflag_t before = LocalModes();
  {
    Terminal terminal(slave_, slave_);
    ASSERT_TRUE(terminal.Enter().ok());
    EXPECT_EQ(LocalModes() & (ICANON | ECHO | ISIG), 0u);
    EXPECT_TRUE(absl::StrContains(Output(), "\x1b[?25l"));
    terminal.Leave();
    EXPECT_EQ(LocalModes(), before);
    EXPECT_TRUE(absl::EndsWith(Output(), "\x1b[?25h\x1b[?1049l"));
    terminal.Leave();
    EXPECT_EQ(Output(), "");
    ASSERT_TRUE(terminal.Enter().ok());
  }
  EXPECT_EQ(LocalModes(), before);
}

TEST_F(TerminalTest, ShowsLinesOneBelowTheOther) {
  Terminal terminal(slave_, slave_);
  ASSERT_TRUE(terminal.Enter().ok());
  Output();
  ASSERT_TRUE(terminal.Show({"one", "two"}).ok());
  EXPECT_TRUE(
      absl::StrContains(Output(), "\x1b[H\x1b[Kone\r\n\x1b[Ktwo\r\n\x1b[J"));
}

TEST_F(TerminalTest, BringsKeys) {
  Terminal terminal(slave_, slave_);
  ASSERT_TRUE(terminal.Enter().ok());
  ASSERT_EQ(write(master_, "h\x1b[A\x03", 5), 5);
  std::string keys;
  while (keys.size() < 2) {
    const absl::StatusOr<std::string> more = terminal.Keys();
    ASSERT_TRUE(more.ok());
    keys += *more;
  }
  EXPECT_EQ(keys, "h\x03");
}

TEST_F(TerminalTest, SaysThatTheTerminalIsGone) {
  Terminal terminal(slave_, slave_);
  ASSERT_TRUE(terminal.Enter().ok());
  close(master_);
  master_ = -1;
  EXPECT_TRUE(absl::IsUnavailable(terminal.Keys().status()));
  EXPECT_TRUE(absl::IsUnavailable(terminal.Show({"one"})));
}

TEST_F(TerminalTest, RefusesWhatIsNoTerminal) {
  const int file = open("/dev/null", O_RDWR);
  Terminal terminal(file, file);
  EXPECT_TRUE(absl::IsUnavailable(terminal.Enter()));
  EXPECT_EQ(terminal.Size().columns, 80u);
  EXPECT_EQ(terminal.Size().rows, 24u);
  close(file);
}

}  // namespace
}  // namespace service
