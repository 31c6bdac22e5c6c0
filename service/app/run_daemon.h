#ifndef SERVICE_APP_RUN_DAEMON_H_
#define SERVICE_APP_RUN_DAEMON_H_

#include <signal.h>

#include <cstdio>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/app/daemon.h"
#include "service/ctl/exit_status.h"
#include "service/log/log.h"
#include "service/version.h"

namespace service {

// Reads the configuration file again.
template <class Config>
using ConfigReader = std::function<absl::StatusOr<Config>()>;

// The life of a daemon's process, from its command line to its exit status.
// Daemon is constructed from (const Config&, Log&, ConfigReader<Config>) and
// has
//   absl::Status Start();  // an error leaves nothing running that Stop() and
//                          // the destructor do not end
//   absl::Status Reload();
//   void Stop();
// `load` reads the configuration file; `what` is the text of --help.
template <class Daemon, class Config>
int RunDaemon(int argc, char** argv, absl::string_view program,
              absl::string_view what,
              absl::StatusOr<Config> (*load)(const std::string& path)) {
  int exit_status = kExitOk;
  const auto flags = ParseDaemonFlags(argc, argv, program, what, exit_status);
  if (!flags.has_value()) return exit_status;
  const absl::StatusOr<Config> config = load(flags->config);
  if (!config.ok()) {
    PrintError(program, config.status().message());
    return kExitUsage;
  }
  if (flags->check) {
    std::printf("%s: ok\n", flags->config.c_str());
    return kExitOk;
  }

  HardenProcess();
  QuietenGrpc();
  Log log(config->daemon.log_level, config->daemon.log_format);
  Daemon daemon(*config, log,
                [load, path = flags->config] { return load(path); });
  const absl::Status status = daemon.Start();
  if (!status.ok()) {
    daemon.Stop();
    PrintError(program, status.message());
    return kExitUsage;
  }
  log.Info("started", {{"name", config->name.text()},
                       {"version", Version()},
                       {"admin", config->daemon.admin_socket}});
  int signal_number = 0;
  while ((signal_number = WaitForSignal()) == SIGHUP) {
    const absl::Status reloaded = daemon.Reload();
    if (!reloaded.ok()) {
      log.Error("reload_failed", {{"reason", reloaded.message()}});
    }
  }
  log.Info("stopping", {{"signal", signal_number}});
  daemon.Stop();
  return kExitOk;
}

}  // namespace service

#endif  // SERVICE_APP_RUN_DAEMON_H_
