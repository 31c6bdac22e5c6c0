#ifndef SERVICE_CTL_COMPLAINT_H_
#define SERVICE_CTL_COMPLAINT_H_

#include <ostream>

#include "absl/status/status.h"
#include "service/ctl/exit_status.h"

namespace service {

// Prints `error` to `err` as one line: "skexctl: " and the message for people;
// or, if `json`, an object with the message as "error" and the canonical code,
// like "NOT_FOUND", as "status".
void Complain(const absl::Status& error, bool json, std::ostream& err);

// The same for an operation that failed; returns its exit status.
ExitStatus Fail(const absl::Status& error, bool json, std::ostream& err);

}  // namespace service

#endif  // SERVICE_CTL_COMPLAINT_H_
