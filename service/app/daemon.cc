#include "service/app/daemon.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
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
  app.add_option("--config", flags.config, "The configuration file (TOML)")
      ->required()
      ->type_name("FILE");
  app.add_flag("--check", flags.check,
               "Check the configuration file and end: status 0 if it is right, "
               "2 if not");
  app.footer(
      "Reloads on SIGHUP, as on `skexctl reload`. Ends in order on SIGTERM "
      "and SIGINT. Exit status: 0 after that, 2 "
      "if the command line, the configuration or a file that it names is "
      "wrong, or an address cannot be listened on.");
  try {
    app.parse(argc, argv);
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
  if (signal_number == SIGHUP) return signal_number;
  signal(SIGHUP, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return signal_number;
}

void PrintError(absl::string_view program, absl::string_view message) {
  const std::string line =
      std::string(program) + ": " + std::string(message) + "\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace service
