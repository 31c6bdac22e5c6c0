#ifndef SKEX_DSKE_SHARING_CACHE_H_
#define SKEX_DSKE_SHARING_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "skex/base/ids.h"
#include "skex/dske/sharing.h"

namespace skex {

// SharingCache makes the schemes of hub sets, and keeps those that were asked
// for last: the same few sets come again and again, and making one costs as
// much as some twenty keys.
//
// Thread-compatible.
class SharingCache {
 public:
  static constexpr size_t kMostKept = 16;

  // The scheme in which any `k` of `hubs` (in the order of their share x)
  // reconstruct. Returns the errors of Sharing::Create().
  absl::StatusOr<std::shared_ptr<const Sharing>> Get(
      uint8_t k, const std::vector<HubId>& hubs);

 private:
  struct Entry {
    uint8_t k;
    std::vector<HubId> hubs;
    std::shared_ptr<const Sharing> sharing;
  };
  std::list<Entry> last_used_first_;
};

}  // namespace skex

#endif  // SKEX_DSKE_SHARING_CACHE_H_
