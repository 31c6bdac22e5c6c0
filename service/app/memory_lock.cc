#include "service/app/memory_lock.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace service {
namespace {

// Whether the system lets the process lock all that it will ever have.
bool MayLockEverything() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  if (limit.rlim_max == RLIM_INFINITY) {
    limit.rlim_cur = RLIM_INFINITY;
    return ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
  }
  // Those with CAP_IPC_LOCK are above the limit, but not if they have it only
  // in a namespace of their own: what counts is to try. Nothing is touched, so
  // this takes no memory.
  const size_t size = limit.rlim_max + 1;
  void* const probe =
      ::mmap(nullptr, size, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) return false;
  const bool may = ::mlock2(probe, size, MLOCK_ONFAULT) == 0;
  ::munmap(probe, size);
  return may;
}

}  // namespace

absl::Status LockMemory() {
  if (!MayLockEverything()) {
    return absl::FailedPreconditionError(
        "the limit of locked memory is not infinite; raise it (ulimit -l "
        "unlimited, LimitMEMLOCK=infinity), or use encrypted swap space or "
        "none");
  }
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("mlockall: ", std::strerror(errno),
                   "; use encrypted swap space or none"));
}

}  // namespace service
