#include "service/app/memory_lock.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace service {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLocks = false;
#else
constexpr bool kLocks = true;
#endif

// Runs `body` in a process of its own: limits and locks are the process's.
template <class Body>
int StatusOfChild(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Of the process; -1 if the system does not say.
long LockedKilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmLck:") {
  }
  long kilobytes = -1;
  return status >> kilobytes ? kilobytes : -1;
}

// Limits locked memory, also for root.
bool BecomeLimited() {
  const rlimit little = {65536, 65536};
  if (::setrlimit(RLIMIT_MEMLOCK, &little) != 0) return false;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  __user_cap_data_struct& set = sets[CAP_TO_INDEX(CAP_IPC_LOCK)];
  set.effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
  set.permitted &= ~CAP_TO_MASK(CAP_IPC_LOCK);
  return ::syscall(SYS_capset, &header, sets) == 0;
}

TEST(LockMemoryTest, LocksAllOrNothing) {
  EXPECT_EQ(StatusOfChild([] {
              const bool ok = LockMemory().ok();
              // Under a sanitizer nothing can be locked, and the answer is OK.
              return (LockedKilobytes() > 0) == (ok && kLocks) ? 0 : 1;
            }),
            0);
}

TEST(LockMemoryTest, BehindALimitNothingIsLockedAndMemoryIsThere) {
  EXPECT_EQ(StatusOfChild([] {
              if (!BecomeLimited()) return 1;
              const absl::Status status = LockMemory();
              if (!absl::IsFailedPrecondition(status)) return 2;
              if (status.message().find("LimitMEMLOCK=infinity") ==
                  absl::string_view::npos) {
                return 3;
              }
              if (LockedKilobytes() != 0) return 4;
              // What a process that is locked could not have any more.
              void* const more =
                  ::mmap(nullptr, 1 << 24, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return more == MAP_FAILED ? 5 : 0;
            }),
            0);
}

}  // namespace
}  // namespace service
