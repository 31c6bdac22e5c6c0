#ifndef SERVICE_CTL_ENROL_VERB_H_
#define SERVICE_CTL_ENROL_VERB_H_

#include "CLI/App.hpp"
#include "service/ctl/answer.h"

namespace service {

// Adds `enrol --hub-config FILE --agent NAME --size SIZE --out FILE` and its
// options to `app`: makes an agent known to a hub, or with --replenish makes
// one more pad for an agent that is enrolled. As AddInitVerb(). Shows no
// progress if `json` by the time of the run.
void AddEnrolVerb(CLI::App& app, const bool& json, Answer& answer);

}  // namespace service

#endif  // SERVICE_CTL_ENROL_VERB_H_
