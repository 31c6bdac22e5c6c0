#include "skex/dske/policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "skex/dske/offer.h"
#include "skex/dske/sharing.h"

namespace skex {

void PeerPolicy::SortHubs() {
  std::sort(hubs.begin(), hubs.end(), BeforeByShareX);
}

absl::Status PeerPolicy::Check() const {
  const auto refuse = [this](auto&&... what) {
    return absl::InvalidArgumentError(
        absl::StrCat("peer ", peer.text(), ": ", what...));
  };
  if (hubs.size() > kMostHubs) {
    return refuse(hubs.size(), " hubs, at most ", kMostHubs);
  }
  if (threshold < 1 || threshold > min_hubs || min_hubs > hubs.size()) {
    return refuse("want 1 <= threshold <= min_hubs <= number of hubs, have ",
                  threshold, ", ", min_hubs, ", ", hubs.size());
  }
  for (size_t i = 1; i < hubs.size(); ++i) {
    if (!BeforeByShareX(hubs[i - 1], hubs[i])) {
      return refuse("hub ", hubs[i].text(), " is named twice");
    }
  }
  std::vector<Gf128> xs;
  for (const HubId& hub : hubs) xs.push_back(ShareX(hub));
  const absl::Status sharing = Sharing::Create(threshold, xs).status();
  if (!sharing.ok()) return refuse(sharing.message());
  const absl::Status keys =
      CheckKeyPolicy(freshness, key_bytes, key_lifetime, use_limit);
  return keys.ok() ? keys : refuse(keys.message());
}

}  // namespace skex
