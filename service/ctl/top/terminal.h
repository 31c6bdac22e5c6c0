#ifndef SERVICE_CTL_TOP_TERMINAL_H_
#define SERVICE_CTL_TOP_TERMINAL_H_

#include <termios.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/ctl/top/picture.h"

namespace service {

// The keys among the bytes that a terminal sent: without the codes of arrows,
// function keys and the like, which begin with an escape.
std::string PlainKeys(absl::string_view bytes);

// The operator's terminal: pictures go out, keys come in. While it is entered
// the screen is another one than the shell's, without a cursor, and keys come
// at once, unseen, Ctrl-C and Ctrl-Z among them. Thread-compatible.
class Terminal {
 public:
  // `in` and `out` must be the same terminal; they stay the caller's.
  Terminal(int in, int out) : in_(in), out_(out) {}

  // Calls Leave().
  ~Terminal();

  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Readable when Keys() has something; for poll().
  int in() const { return in_; }

  // UNAVAILABLE if the terminal is none, or is gone.
  absl::Status Enter();
  // Everything is as it was before Enter(). Does nothing without one.
  void Leave();

  // As it is now: it may change at any time. 80 by 24 if the terminal does not
  // say.
  ScreenSize Size() const;

  // Shows `lines`, which must fit and be printable. UNAVAILABLE if the terminal
  // is gone.
  absl::Status Show(const std::vector<std::string>& lines);

  // The PlainKeys() that were pressed since; waits for one if there is none.
  // UNAVAILABLE if the terminal is gone.
  absl::StatusOr<std::string> Keys();

 private:
  absl::Status Write(const std::string& text);

  const int in_;
  const int out_;
  termios before_ = {};
  bool entered_ = false;
};

}  // namespace service

#endif  // SERVICE_CTL_TOP_TERMINAL_H_
