#ifndef SERVICE_CTL_INTERRUPTION_H_
#define SERVICE_CTL_INTERRUPTION_H_

#include "absl/status/status.h"

namespace service {

// From now on SIGINT, SIGTERM and SIGHUP do not end the process but are
// remembered, so that work under way can clear up behind itself.
void RememberInterruption();

// CANCELLED once one of them has come, else OK.
absl::Status InterruptionStatus();

}  // namespace service

#endif  // SERVICE_CTL_INTERRUPTION_H_
