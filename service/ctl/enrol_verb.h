#ifndef SERVICE_CTL_ENROL_VERB_H_
#define SERVICE_CTL_ENROL_VERB_H_

#include "CLI/App.hpp"
#include "absl/status/status.h"

namespace service {

// Adds `enrol --hub-config FILE --agent NAME --size SIZE --out FILE` and its
// options to `app`: makes an agent known to a hub, or with --replenish makes
// one more pad for an agent that is enrolled. As AddInitVerb().
void AddEnrolVerb(CLI::App& app, absl::Status& outcome);

}  // namespace service

#endif  // SERVICE_CTL_ENROL_VERB_H_
