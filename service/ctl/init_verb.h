#ifndef SERVICE_CTL_INIT_VERB_H_
#define SERVICE_CTL_INIT_VERB_H_

#include "CLI/App.hpp"
#include "service/ctl/answer.h"

namespace service {

// Adds `init agent|hub --name NAME [--dir DIR | --out FILE]` to `app`: writes a
// configuration file to start from, and never over another. What a run has to
// say goes to `answer`, which must live as long as `app`.
void AddInitVerb(CLI::App& app, Answer& answer);

}  // namespace service

#endif  // SERVICE_CTL_INIT_VERB_H_
