// skexctl: the operator's tool. Each verb is a file of its own and registers
// itself; those that ask a running daemon are in service/ctl/online.

#include <iostream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "service/ctl/check_verb.h"
#include "service/ctl/enrol_verb.h"
#include "service/ctl/exit_status.h"
#include "service/ctl/init_verb.h"
#include "service/ctl/online/online_verbs.h"
#include "service/ctl/pad_verb.h"
#include "service/ctl/pair_verb.h"
#include "service/ctl/revoke_verb.h"
#include "service/version.h"

namespace service {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Manages agents and hubs of symmetric key exchange.", "skexctl");
  app.set_version_flag("--version", VersionText("skexctl"));
  app.require_subcommand(1);
  absl::Status outcome;
  AddInitVerb(app, outcome);
  AddCheckVerb(app, outcome);
  AddEnrolVerb(app, outcome);
  AddRevokeVerb(app, outcome);
  AddPadVerb(app, outcome);
  AddPairVerb(app, outcome);
  OnlineVerbs online(app);
  // Behind the verbs, which would take it over.
  app.footer(
      "Exit status: 0 if it is done, 1 if it failed or the daemon said no, 2 "
      "if the command line, a configuration or another input is wrong.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Also --help and --version end here, with 0.
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  int exit_status = ExitStatusOf(outcome);
  if (!outcome.ok()) {
    std::cerr << "skexctl: " << std::string(outcome.message()) << "\n";
  } else if (online.given()) {
    exit_status = online.Run(std::cout, std::cerr);
  }
  std::cout.flush();
  if (!std::cout && exit_status == kExitOk) {
    std::cerr << "skexctl: cannot write to standard output\n";
    return kExitFailed;
  }
  return exit_status;
}

}  // namespace
}  // namespace service

int main(int argc, char** argv) { return service::Main(argc, argv); }
