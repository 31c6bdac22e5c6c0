#ifndef SKEX_DSKE_POLICY_H_
#define SKEX_DSKE_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/pad/pad.h"
#include "skex/psk/key.h"

namespace skex {

inline constexpr uint8_t kMostHubs = 32;
// Keys of one exchange, where they are short enough (see MostKeysOf()).
inline constexpr uint16_t kMostKeys = 256;
// Bytes of one share: a chunk of the pad, which is the most that a crash may
// cost.
inline constexpr size_t kMostShareBytes = kOtpChunk;
// The longest a responder keeps an exchange open, and the most by which the
// two agents' wall clocks may differ.
inline constexpr absl::Duration kMostExpiry = absl::Seconds(60);
inline constexpr absl::Duration kClockSkew = absl::Seconds(30);

// What this agent's own configuration says about key establishment with one
// peer. Nothing of it is ever taken from a message: a message with other
// values is refused before any arithmetic, or one lying hub could send as many
// shares of its own polynomial as it likes.
struct PeerPolicy {
  AgentId peer;
  // Admissible hubs, in ascending order of their share's x (SortHubs()).
  std::vector<HubId> hubs;
  uint8_t threshold = 0;  // k: as many shares give the key
  uint8_t min_hubs = 0;   // smallest n; leaving hubs out lowers n, never k
  Freshness freshness = Freshness::kDerived;
  // A multiple of 16, from 16 to MostKeyBytes(freshness).
  uint16_t key_bytes = 32;
  // A responder accepts what the initiator offers up to these.
  absl::Duration key_lifetime = absl::Hours(1);
  uint32_t use_limit = kMostUses;
  // How long the initiator waits for a confirmation.
  absl::Duration exchange_timeout = absl::Seconds(3);

  // Sorts `hubs` as the protocol wants them.
  void SortHubs();

  // INVALID_ARGUMENT unless 1 <= threshold <= min_hubs <= hubs.size() <=
  // kMostHubs, hubs are distinct and sorted, all ways to choose `threshold` of
  // them can be searched (see sharing.h), and every other limit holds.
  absl::Status Check() const;
};

}  // namespace skex

#endif  // SKEX_DSKE_POLICY_H_
