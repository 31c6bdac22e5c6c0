#include "service/ctl/top/terminal.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace service {
namespace {

// ECMA-48, and the private modes that xterm and those like it have.
constexpr char kEnter[] =
    "\x1b[?1049h"  // the other screen
    "\x1b[?25l"    // no cursor
    "\x1b[?7l";    // a line never goes on in the next one
constexpr char kLeave[] = "\x1b[?7h\x1b[?25h\x1b[?1049l";
// A terminal that knows the first and the last of them shows what is in between
// at once.
constexpr char kBegin[] = "\x1b[?2026h\x1b[H";
constexpr char kClearLine[] = "\x1b[K";
constexpr char kClearBelow[] = "\x1b[J";
constexpr char kEnd[] = "\x1b[?2026l";

constexpr char kEscape = '\x1b';

absl::Status Gone() { return absl::UnavailableError("the terminal is gone"); }

// How many bytes of `bytes`, which begin with an escape, belong together.
size_t CodeSize(absl::string_view bytes) {
  if (bytes.size() < 2) return bytes.size();
  // A single character, perhaps behind a shift to another set.
  if (bytes[1] != '[') return bytes[1] == 'O' ? 3 : 2;
  // Parameters, and what they are for.
  size_t end = 2;
  while (end < bytes.size() && (bytes[end] < '@' || bytes[end] > '~')) ++end;
  return end + 1;
}

}  // namespace

std::string PlainKeys(absl::string_view bytes) {
  std::string keys;
  while (!bytes.empty()) {
    if (bytes[0] == kEscape) {
      bytes = absl::ClippedSubstr(bytes, CodeSize(bytes));
    } else {
      keys += bytes[0];
      bytes.remove_prefix(1);
    }
  }
  return keys;
}

Terminal::~Terminal() { Leave(); }

absl::Status Terminal::Enter() {
  if (entered_) return absl::OkStatus();
  if (tcgetattr(in_, &before_) != 0) return Gone();
  termios raw = before_;
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON);
  raw.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (tcsetattr(in_, TCSAFLUSH, &raw) != 0) return Gone();
  entered_ = true;
  return Write(kEnter);
}

void Terminal::Leave() {
  if (!entered_) return;
  entered_ = false;
  // A terminal that is gone needs neither.
  Write(kLeave).IgnoreError();
  tcsetattr(in_, TCSAFLUSH, &before_);
}

ScreenSize Terminal::Size() const {
  winsize size = {};
  if (ioctl(out_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
      size.ws_row == 0) {
    return ScreenSize();
  }
  return {size.ws_col, size.ws_row};
}

absl::Status Terminal::Show(const std::vector<std::string>& lines) {
  std::string text = kBegin;
  for (size_t i = 0; i < lines.size(); ++i) {
    // Cleared first: behind a full line that would take its last character.
    absl::StrAppend(&text, i > 0 ? "\r\n" : "", kClearLine, lines[i]);
  }
  // Likewise, on the next line if there is one.
  if (lines.size() < Size().rows) {
    absl::StrAppend(&text, lines.empty() ? "" : "\r\n", kClearBelow);
  }
  return Write(text + kEnd);
}

absl::StatusOr<std::string> Terminal::Keys() {
  char bytes[64];
  const ssize_t count = read(in_, bytes, sizeof(bytes));
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::string();
  if (count <= 0) return Gone();
  return PlainKeys({bytes, static_cast<size_t>(count)});
}

absl::Status Terminal::Write(const std::string& text) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count =
        write(out_, text.data() + written, text.size() - written);
    if (count > 0) {
      written += static_cast<size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      // Somebody else made it non-blocking.
      pollfd room = {out_, POLLOUT, 0};
      poll(&room, 1, -1);
    } else if (count == 0 || errno != EINTR) {
      return Gone();
    }
  }
  return absl::OkStatus();
}

}  // namespace service
