#include "service/ctl/interruption.h"

#include <signal.h>

namespace service {
namespace {

volatile sig_atomic_t interrupted = 0;

extern "C" void Remember(int) { interrupted = 1; }

}  // namespace

void RememberInterruption() {
  struct sigaction action = {};
  action.sa_handler = &Remember;
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigaction(number, &action, nullptr);
  }
}

absl::Status InterruptionStatus() {
  if (interrupted == 0) return absl::OkStatus();
  return absl::CancelledError("interrupted; nothing was changed");
}

}  // namespace service
