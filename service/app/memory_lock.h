#ifndef SERVICE_APP_MEMORY_LOCK_H_
#define SERVICE_APP_MEMORY_LOCK_H_

#include "absl/status/status.h"

namespace service {

// Keeps all memory of the process, now and later, out of swap space: keys and
// slices of pads are in it. Pages are locked when they are first touched.
//
// Returns FAILED_PRECONDITION with the way out where the process may lock only
// some of its memory. Then nothing is locked: behind a finite limit every later
// allocation could fail.
absl::Status LockMemory();

}  // namespace service

#endif  // SERVICE_APP_MEMORY_LOCK_H_
