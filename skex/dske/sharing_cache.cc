#include "skex/dske/sharing_cache.h"

#include <algorithm>
#include <utility>

namespace skex {

absl::StatusOr<std::shared_ptr<const Sharing>> SharingCache::Get(
    uint8_t k, const std::vector<HubId>& hubs) {
  const auto found = std::find_if(
      last_used_first_.begin(), last_used_first_.end(),
      [&](const Entry& entry) { return entry.k == k && entry.hubs == hubs; });
  if (found != last_used_first_.end()) {
    last_used_first_.splice(last_used_first_.begin(), last_used_first_, found);
    return found->sharing;
  }
  std::vector<Gf128> xs;
  for (const HubId& hub : hubs) xs.push_back(ShareX(hub));
  absl::StatusOr<Sharing> made = Sharing::Create(k, std::move(xs));
  if (!made.ok()) return made.status();
  last_used_first_.push_front(
      {k, hubs, std::make_shared<const Sharing>(*std::move(made))});
  if (last_used_first_.size() > kMostKept) last_used_first_.pop_back();
  return last_used_first_.front().sharing;
}

}  // namespace skex
