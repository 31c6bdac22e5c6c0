#ifndef SERVICE_APP_RUN_DAEMON_H_
#define SERVICE_APP_RUN_DAEMON_H_

#include <signal.h>

#include <cstdio>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/app/daemon.h"
#include "service/app/memory_lock.h"
#include "service/app/notify.h"
#include "service/config/check_files.h"
#include "service/ctl/exit_status.h"
#include "service/log/log.h"
#include "service/storage/posix_file_system.h"
#include "service/version.h"

namespace service {

// Reads the configuration file again.
template <class Config>
using ConfigReader = std::function<absl::StatusOr<Config>()>;

// What --check does with a configuration that was read; returns the exit
// status.
template <class Config>
int CheckOnly(absl::string_view program, const std::string& path,
              const Config& config) {
  const absl::Status right = CheckFiles(config, *PosixFileSystem());
  if (!right.ok()) {
    PrintError(program, right.message());
    return kExitUsage;
  }
  std::printf("%s: ok\n", path.c_str());
  return kExitOk;
}

// Does what signals ask a running daemon for, until one ends it.
template <class Daemon>
void ObeySignals(Daemon& daemon, const Notifier& notifier, Log& log) {
  while (true) {
    const int signal_number = WaitForSignal();
    if (signal_number == SIGUSR1) {
      daemon.LogStatus();
    } else if (signal_number == SIGHUP) {
      notifier.Reloading();
      const absl::Status reloaded = daemon.Reload();
      if (!reloaded.ok()) {
        log.Error("reload_failed", {{"reason", reloaded.message()}});
      }
      TellReady(notifier, log);
    } else {
      log.Info("stopping", {{"signal", signal_number}});
      notifier.Stopping();
      return;
    }
  }
}

// The life of a daemon's process, from its command line to its exit status.
// Daemon is constructed from (const Config&, Log&, const Notifier&,
// ConfigReader<Config>), tells the notifier how it is doing, and has
//   // INVALID_ARGUMENT if the configuration is wrong. An error leaves nothing
//   // running that Stop() and the destructor do not end.
//   absl::Status Start(PassedSockets sockets);
//   absl::Status Reload();
//   void LogStatus();
//   std::vector<Watchdog::Ping> Pings();  // of its event loops; after Start()
//   void Stop();
// `load` reads the configuration file; CheckFiles() takes Config; `what` is the
// text of --help.
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
  if (flags->check) return CheckOnly(program, flags->config, *config);

  absl::StatusOr<Starter> starter = Starter::FromEnvironment();
  if (!starter.ok()) {
    PrintError(program, starter.status().message());
    return kExitUsage;
  }
  HardenProcess();
  const absl::Status locked = LockMemory();
  QuietenGrpc();
  const Notifier& notifier = starter->notifier;
  Log log(config->daemon.log_level, config->daemon.log_format);
  Daemon daemon(*config, log, notifier,
                [load, path = flags->config] { return load(path); });
  const absl::Status status = daemon.Start(std::move(starter->sockets));
  if (!status.ok()) {
    daemon.Stop();
    PrintError(program, status.message());
    return ExitStatusOf(status);
  }
  if (!locked.ok()) {
    log.Warning("memory_not_locked", {{"reason", locked.message()}});
  }
  log.Info("started", {{"name", config->name.text()},
                       {"version", Version()},
                       {"admin", config->daemon.admin_socket}});
  TellReady(notifier, log);
  // Also while the daemon stops, which may take long.
  const auto watchdog = StartWatchdog(notifier, daemon.Pings());
  ObeySignals(daemon, notifier, log);
  daemon.Stop();
  return kExitOk;
}

}  // namespace service

#endif  // SERVICE_APP_RUN_DAEMON_H_
