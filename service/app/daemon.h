#ifndef SERVICE_APP_DAEMON_H_
#define SERVICE_APP_DAEMON_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace service {

// What the daemons' processes have in common.

// What a daemon was told on its command line.
struct DaemonFlags {
  std::string config;
  bool check = false;  // only look at the configuration
};

// Reads the command line. Returns nullopt, with the process's exit status in
// `exit_status`, when there is nothing to run: --help, --version, wrong usage.
std::optional<DaemonFlags> ParseDaemonFlags(int argc, char** argv,
                                            absl::string_view program,
                                            absl::string_view what,
                                            int& exit_status);

// Makes the process safe to hold secrets: no core dumps, no debugger of other
// processes, files of its own only for its user; raises the limit of open
// files to what the system allows. Blocks SIGTERM, SIGINT and SIGHUP for
// WaitForSignal() and ignores SIGPIPE. Call it before there are other threads.
void HardenProcess();

// Keeps gRPC from writing lines of its own to standard error, where only the
// log's lines belong: what fails comes back as a status. The environment
// variable GRPC_VERBOSITY, which is gRPC's, turns them on again.
void QuietenGrpc();

// Waits for SIGTERM, SIGINT or SIGHUP and returns it. After one of the first
// two further ones end the process at once.
int WaitForSignal();

// Prints "program: message" to standard error as one line.
void PrintError(absl::string_view program, absl::string_view message);

}  // namespace service

#endif  // SERVICE_APP_DAEMON_H_
