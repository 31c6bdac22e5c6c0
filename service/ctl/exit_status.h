#ifndef SERVICE_CTL_EXIT_STATUS_H_
#define SERVICE_CTL_EXIT_STATUS_H_

#include "absl/status/status.h"

namespace service {

// The exit status of every program of this project: 0 done; 1 the operation
// failed, for a daemon its start: an address is in use, the state folder is
// held by another process, the disk fails; 2 the command line, a configuration
// file or another input is wrong, and will be so the next time.
enum ExitStatus { kExitOk = 0, kExitFailed = 1, kExitUsage = 2 };

// INVALID_ARGUMENT is an error of the input, every other one of the operation.
ExitStatus ExitStatusOf(const absl::Status& status);

}  // namespace service

#endif  // SERVICE_CTL_EXIT_STATUS_H_
