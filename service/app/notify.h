#ifndef SERVICE_APP_NOTIFY_H_
#define SERVICE_APP_NOTIFY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace service {

// Notifier tells the service manager how the daemon is doing: datagrams to the
// Unix socket in $NOTIFY_SOCKET, as sd_notify(3) describes them. Without that
// variable its functions do nothing.
//
// Only Ready() says whether it went well: without it the manager waits in vain.
// No function waits for longer than 5 seconds, Status() and Alive() not at all.
// Thread-safe.
class Notifier {
 public:
  // Tells nobody.
  Notifier() = default;

  // Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID and removes them
  // from the environment: they are for this process alone. Call it before there
  // are other threads. Returns INVALID_ARGUMENT if the socket is neither a full
  // path nor an abstract name (@...), or the time is no number.
  static absl::StatusOr<Notifier> FromEnvironment();

  // The start, or a reload, is complete. Returns UNAVAILABLE with the reason if
  // nobody takes the message.
  absl::Status Ready() const;

  void Reloading() const;
  void Stopping() const;

  // How it is doing, in one line for people.
  void Status(absl::string_view line) const;

  // It is alive; due within watchdog() of the one before.
  void Alive() const;

  // The longest time between two Alive(), then the manager takes the daemon for
  // hung; zero if it does not ask for them.
  absl::Duration watchdog() const { return watchdog_; }

 private:
  // With `flags` of sendto().
  absl::Status Send(const std::string& text, int flags) const;

  std::string socket_;  // empty: nobody listens
  absl::Duration watchdog_ = absl::ZeroDuration();
};

}  // namespace service

#endif  // SERVICE_APP_NOTIFY_H_
