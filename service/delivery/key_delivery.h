#ifndef SERVICE_DELIVERY_KEY_DELIVERY_H_
#define SERVICE_DELIVERY_KEY_DELIVERY_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"

namespace service {

// Where the delivery API gets the keys that it hands out. Declared here by its
// user. Every key is handed out once at each end: by TakeKeys() at the agent
// that established it, then by TakeKeyById() at its peer. All functions are
// thread-safe.
class KeyDelivery {
 public:
  virtual ~KeyDelivery() = default;

  // Takes 1 to `most` keys with `peer`, waiting for the first until `deadline`.
  // Returns NOT_FOUND if the peer is not configured, FAILED_PRECONDITION if
  // its keys are not for delivery, DEADLINE_EXCEEDED if no key came,
  // UNAVAILABLE when the agent stops.
  virtual absl::StatusOr<std::vector<skex::Key>> TakeKeys(
      const skex::AgentId& peer, size_t most, absl::Time deadline) = 0;

  // Takes the key `id` that `peer` established. Returns NOT_FOUND if it is not
  // here: unknown, expired or taken; else as TakeKeys(). Never waits.
  virtual absl::StatusOr<skex::Key> TakeKeyById(const skex::AgentId& peer,
                                                const skex::KeyId& id) = 0;
};

}  // namespace service

#endif  // SERVICE_DELIVERY_KEY_DELIVERY_H_
