#ifndef SERVICE_CTL_CHECK_VERB_H_
#define SERVICE_CTL_CHECK_VERB_H_

#include "CLI/App.hpp"
#include "absl/status/status.h"

namespace service {

// Adds `check agent|hub FILE` to `app`: reads a configuration file as the
// daemon would, and looks at the files that it names. As AddInitVerb().
void AddCheckVerb(CLI::App& app, absl::Status& outcome);

}  // namespace service

#endif  // SERVICE_CTL_CHECK_VERB_H_
