// skexctl: the operator's tool. Each verb is a file of its own and registers
// itself; those that ask a running daemon are in service/ctl/online.

#include <algorithm>
#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/ctl/answer.h"
#include "service/ctl/check_verb.h"
#include "service/ctl/complaint.h"
#include "service/ctl/enrol_verb.h"
#include "service/ctl/exit_status.h"
#include "service/ctl/init_verb.h"
#include "service/ctl/json_flag.h"
#include "service/ctl/online/online_verbs.h"
#include "service/ctl/pad_verb.h"
#include "service/ctl/pair_verb.h"
#include "service/ctl/revoke_verb.h"
#include "service/version.h"

namespace service {
namespace {

// What a command line that is not one, or --help, ends with.
int EndParsing(const CLI::App& app, const CLI::ParseError& error, int argc,
               char** argv) {
  // What was parsed before the error does not count.
  const bool json =
      std::find(argv, argv + argc, absl::string_view("--json")) != argv + argc;
  if (json && error.get_exit_code() != 0) {
    Complain(absl::InvalidArgumentError(error.what()), json, std::cerr);
    return kExitUsage;
  }
  // Also --help and --version end here, with 0.
  return app.exit(error) == 0 ? kExitOk : kExitUsage;
}

int Main(int argc, char** argv) {
  CLI::App app("Manages agents and hubs of symmetric key exchange.", "skexctl");
  app.set_version_flag("--version", VersionText("skexctl"));
  app.require_subcommand(1);
  bool json = false;
  Answer answer;
  AddInitVerb(app, answer);
  AddCheckVerb(app, answer);
  AddEnrolVerb(app, json, answer);
  AddRevokeVerb(app, answer);
  AddPadVerb(app, answer);
  AddPairVerb(app, answer);
  OnlineVerbs online(app, json);
  AddJsonFlag(app, json);
  // Behind the verbs, which would take it over.
  app.footer(
      "Exit status: 0 if it is done, 1 if it failed or the daemon said no, 2 "
      "if the command line, a configuration or another input is wrong.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return EndParsing(app, error, argc, argv);
  }
  const int exit_status = online.given()
                              ? online.Run(std::cout, std::cerr)
                              : PrintAnswer(answer, json, std::cout, std::cerr);
  std::cout.flush();
  if (!std::cout && exit_status == kExitOk) {
    Complain(absl::UnavailableError("cannot write to standard output"), json,
             std::cerr);
    return kExitFailed;
  }
  return exit_status;
}

}  // namespace
}  // namespace service

int main(int argc, char** argv) { return service::Main(argc, argv); }
