#ifndef SERVICE_APP_DAEMON_H_
#define SERVICE_APP_DAEMON_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/app/notify.h"
#include "service/app/watchdog.h"
#include "service/log/log.h"
#include "service/sidecar/passed_sockets.h"

namespace service {

// What the daemons' processes have in common.

// What a daemon was told on its command line.
struct DaemonFlags {
  std::string config;
  bool check = false;  // only look at it and at the files that it names
};

// Reads the command line. Returns nullopt, with the process's exit status in
// `exit_status`, when there is nothing to run: --help, --version, wrong usage.
std::optional<DaemonFlags> ParseDaemonFlags(int argc, char** argv,
                                            absl::string_view program,
                                            absl::string_view what,
                                            int& exit_status);

// Makes the process safe to hold secrets: no core dumps, no debugger of other
// processes, files of its own only for its user; raises the limit of open
// files to what the system allows. Blocks the signals of WaitForSignal() and
// ignores SIGPIPE. Call it before there are other threads.
void HardenProcess();

// Keeps gRPC from writing lines of its own to standard error, where only the
// log's lines belong: what fails comes back as a status. The environment
// variable GRPC_VERBOSITY, which is gRPC's, turns them on again.
void QuietenGrpc();

// Waits for SIGTERM, SIGINT, SIGHUP or SIGUSR1 and returns it. After one of the
// first two further ones of these end the process at once, and the others do
// nothing.
int WaitForSignal();

// What the one who started the process gave it beside the command line.
struct Starter {
  // From the environment, which is then without it. INVALID_ARGUMENT if that
  // is wrong. Call it before there are other threads.
  static absl::StatusOr<Starter> FromEnvironment();

  Notifier notifier;
  PassedSockets sockets;
};

// Tells the service manager that the start or a reload is complete; logs if
// that could not be.
void TellReady(const Notifier& notifier, Log& log);

// Shows the service manager, if it asks for that, that all of `pings` are
// answered; else returns null. `notifier` must outlive the result.
std::unique_ptr<Watchdog> StartWatchdog(const Notifier& notifier,
                                        std::vector<Watchdog::Ping> pings);

// Prints "program: message" to standard error as one line.
void PrintError(absl::string_view program, absl::string_view message);

}  // namespace service

#endif  // SERVICE_APP_DAEMON_H_
