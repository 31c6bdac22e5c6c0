#ifndef SERVICE_STORAGE_SYSTEM_ENTROPY_H_
#define SERVICE_STORAGE_SYSTEM_ENTROPY_H_

#include <cstdint>

#include "absl/types/span.h"
#include "skex/base/entropy.h"

namespace service {

// Random bytes of the operating system's generator, getrandom(2). Waits for
// the generator's first seeding after boot. Ends the process if the system has
// no such call. Thread-safe.
class SystemEntropy : public skex::Entropy {
 public:
  void Fill(absl::Span<uint8_t> out) override;
};

}  // namespace service

#endif  // SERVICE_STORAGE_SYSTEM_ENTROPY_H_
