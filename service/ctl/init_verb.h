#ifndef SERVICE_CTL_INIT_VERB_H_
#define SERVICE_CTL_INIT_VERB_H_

#include "CLI/App.hpp"
#include "absl/status/status.h"

namespace service {

// Adds `init agent|hub --name NAME [--dir DIR | --out FILE]` to `app`: writes a
// configuration file to start from, and never over another. The outcome of a
// run goes to `outcome`, which must live as long as `app`.
void AddInitVerb(CLI::App& app, absl::Status& outcome);

}  // namespace service

#endif  // SERVICE_CTL_INIT_VERB_H_
