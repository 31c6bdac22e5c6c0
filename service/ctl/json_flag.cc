#include "service/ctl/json_flag.h"

namespace service {

void AddJsonFlag(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "Print the answer, or the error, as JSON");
  for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
    AddJsonFlag(*verb, json);
  }
}

}  // namespace service
