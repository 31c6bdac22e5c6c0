#ifndef SERVICE_BASE_ENVIRONMENT_H_
#define SERVICE_BASE_ENVIRONMENT_H_

#include <stdlib.h>

#include <string>

namespace service {

// The value of an environment variable that is meant for this process alone;
// removes it, so that no child takes it for its own. Empty if there is none.
// Not thread-safe: call it before there are other threads.
inline std::string TakeVariable(const char* name) {
  const char* const value = ::getenv(name);
  std::string copy = value == nullptr ? "" : value;
  ::unsetenv(name);
  return copy;
}

}  // namespace service

#endif  // SERVICE_BASE_ENVIRONMENT_H_
