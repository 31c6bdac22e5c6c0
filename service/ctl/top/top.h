#ifndef SERVICE_CTL_TOP_TOP_H_
#define SERVICE_CTL_TOP_TOP_H_

#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace service {

// How the operator wants to watch a running daemon.
struct TopRequest {
  std::string socket;  // the daemon's admin socket
  bool hub = false;    // the daemon is a hub
  bool json = false;   // a line of JSON at each interval, instead of a screen
  bool once = false;   // only one line, or one picture as text
  absl::Duration interval = absl::Seconds(1);
  absl::Duration timeout = absl::Seconds(5);
};

// Watches the daemon: on the terminal of the process until the operator quits,
// or on `out` if JSON or one picture is asked for. The daemon has to answer at
// the beginning; if it is away later that is shown, or said on `err`, and it is
// asked again. With rates from the first picture or line on, which therefore
// comes after one interval, but on the screen.
//
// Returns the exit status of the program: 0; 1 with the reason on `err` if the
// daemon does not answer or the terminal is gone; 2 if there is no terminal.
int RunTop(const TopRequest& request, std::ostream& out, std::ostream& err);

}  // namespace service

#endif  // SERVICE_CTL_TOP_TOP_H_
