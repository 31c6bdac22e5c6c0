#ifndef SERVICE_CTL_CHECK_VERB_H_
#define SERVICE_CTL_CHECK_VERB_H_

#include "CLI/App.hpp"
#include "service/ctl/answer.h"

namespace service {

// Adds `check agent|hub FILE` to `app`: reads a configuration file as the
// daemon would, and looks at the files that it names. As AddInitVerb().
void AddCheckVerb(CLI::App& app, Answer& answer);

}  // namespace service

#endif  // SERVICE_CTL_CHECK_VERB_H_
