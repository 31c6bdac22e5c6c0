#ifndef SERVICE_SIDECAR_PSK_IDENTITY_H_
#define SERVICE_SIDECAR_PSK_IDENTITY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "skex/base/ids.h"

namespace service {

// What the sidecar reads from an external identity: which key it is of, to
// tell an operator, and to see after a refusal that the next one is of another
// key. Identities of any other layout are allowed and have neither part.
struct PskIdentity {
  absl::optional<skex::KeyId> key;
  uint32_t index = 0;

  // Layout: "skx1", key id (16 bytes), index (4 bytes, big-endian).
  static PskIdentity Parse(absl::string_view identity);

  // For the log; "-" for another layout.
  std::string KeyText() const;
  std::string IndexText() const;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_PSK_IDENTITY_H_
