#include "service/ctl/exit_status.h"

namespace service {

ExitStatus ExitStatusOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailed;
}

}  // namespace service
