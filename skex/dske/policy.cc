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
  if (!IsKeySize(key_bytes, freshness)) {
    return refuse("keys of ", key_bytes, " bytes; want a multiple of 16 from ",
                  kLeastKeyBytes, " to ", MostKeyBytes(freshness),
                  " with freshness ", FreshnessName(freshness));
  }
  if (use_limit < 1 || use_limit > kMostUses) {
    return refuse("use limit ", use_limit, "; want 1 to ", kMostUses);
  }
  if (key_lifetime < absl::Seconds(1) || key_lifetime > absl::Hours(24 * 365)) {
    return refuse("key lifetime ", absl::FormatDuration(key_lifetime),
                  "; want 1s to 8760h");
  }
  return absl::OkStatus();
}

}  // namespace skex
