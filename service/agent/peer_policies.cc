#include "service/agent/peer_policies.h"

#include <cstdint>

namespace service {

skex::PeerPolicy DskePolicyOf(const PeerEntry& entry) {
  skex::PeerPolicy policy = {.peer = entry.name};
  policy.hubs = entry.hubs;
  policy.SortHubs();
  policy.threshold = static_cast<uint8_t>(entry.threshold);
  policy.min_hubs = static_cast<uint8_t>(entry.min_hubs);
  policy.freshness = entry.freshness;
  policy.key_bytes = entry.key_bytes;
  policy.key_lifetime = entry.key_lifetime;
  policy.use_limit = entry.connections_per_key;
  policy.exchange_timeout = entry.exchange_timeout;
  return policy;
}

skex::KeystorePolicy KeystorePolicyOf(const PeerEntry& entry, bool dials) {
  skex::KeystorePolicy policy = {.peer = entry.name};
  // A peer that is only accepted from still gets one key after each start: by
  // that it learns that this agent has restarted.
  policy.pool_low = dials ? entry.pool_low : 1;
  policy.pool_high = dials ? entry.pool_high : 1;
  policy.rekey_interval = entry.rekey_interval;
  policy.overlap = entry.overlap;
  policy.delivery = entry.freshness == skex::Freshness::kDelivery;
  return policy;
}

}  // namespace service
