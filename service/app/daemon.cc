#include "service/app/daemon.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/time/time.h"
#include "grpc/support/log.h"
#include "service/ctl/exit_status.h"
#include "service/version.h"

namespace service {
namespace {

sigset_t Signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

std::optional<DaemonFlags> ParseDaemonFlags(int argc, char** argv,
                                            absl::string_view program,
                                            absl::string_view what,
                                            int& exit_status) {
  CLI::App app{std::string(what), std::string(program)};
  app.set_version_flag("--version", VersionText(program));
  DaemonFlags flags;
  CLI::Option* const config =
      app.add_option("--config", flags.config, "The configuration file (TOML)")
          ->type_name("FILE");
  CLI::Option* const check = app.add_flag(
      "--check", flags.check,
      "Check the configuration file, and the modes and owners of the pads and "
      "the state folder, and end: status 0 if all is right, 2 if not");
  app.add_option("file", flags.config, "With --check, in place of --config")
      ->type_name("FILE")
      ->needs(check)
      ->excludes(config);
  app.footer(
      "Reloads on SIGHUP, as on `skexctl reload`. Writes its status to the "
      "log on SIGUSR1. Ends in order on SIGTERM and SIGINT.\n"
      "Exit status: 0 if it ended in order, 1 if it could not start, 2 if the "
      "command line or the configuration is wrong.");
  try {
    app.parse(argc, argv);
    if (flags.config.empty()) throw CLI::RequiredError("--config");
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? kExitOk : kExitUsage;
    return std::nullopt;
  }
  return flags;
}

void HardenProcess() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  umask(077);
  // A connection takes two descriptors: as many as the system gives.
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  signal(SIGPIPE, SIG_IGN);
  const sigset_t set = Signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void QuietenGrpc() {
  if (std::getenv("GRPC_VERBOSITY") != nullptr) return;
  gpr_set_log_function(+[](gpr_log_func_args*) {});
}

int WaitForSignal() {
  const sigset_t set = Signals();
  int signal_number = 0;
  sigwait(&set, &signal_number);
  if (signal_number == SIGHUP || signal_number == SIGUSR1) {
    return signal_number;
  }
  signal(SIGHUP, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return signal_number;
}

absl::StatusOr<Starter> Starter::FromEnvironment() {
  absl::StatusOr<Notifier> notifier = Notifier::FromEnvironment();
  if (!notifier.ok()) return notifier.status();
  absl::StatusOr<PassedSockets> sockets = PassedSockets::FromEnvironment();
  if (!sockets.ok()) return sockets.status();
  return Starter{*std::move(notifier), *std::move(sockets)};
}

void TellReady(const Notifier& notifier, Log& log) {
  const absl::Status told = notifier.Ready();
  if (!told.ok()) log.Warning("notify_failed", {{"reason", told.message()}});
}

std::unique_ptr<Watchdog> StartWatchdog(const Notifier& notifier,
                                        std::vector<Watchdog::Ping> pings) {
  if (notifier.watchdog() == absl::ZeroDuration()) return nullptr;
  return std::make_unique<Watchdog>(notifier.watchdog() / 2, std::move(pings),
                                    [&notifier] { notifier.Alive(); });
}

void PrintError(absl::string_view program, absl::string_view message) {
  const std::string line =
      std::string(program) + ": " + std::string(message) + "\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace service
