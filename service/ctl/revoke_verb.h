#ifndef SERVICE_CTL_REVOKE_VERB_H_
#define SERVICE_CTL_REVOKE_VERB_H_

#include "CLI/App.hpp"
#include "service/ctl/answer.h"

namespace service {

// Adds `revoke --hub-config FILE --agent NAME [--table DIGITS] [--yes]` to
// `app`: takes an agent away from a hub and erases its pads, or one of its pads
// alone. As AddInitVerb().
void AddRevokeVerb(CLI::App& app, Answer& answer);

}  // namespace service

#endif  // SERVICE_CTL_REVOKE_VERB_H_
