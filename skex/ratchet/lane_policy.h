#ifndef SKEX_RATCHET_LANE_POLICY_H_
#define SKEX_RATCHET_LANE_POLICY_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/psk/key.h"

namespace skex {

// What this agent's own configuration says about the keys of one lane. Both
// ends must say the same: nothing of it travels but its hash.
struct LanePolicy {
  AgentId initiator;  // dials with the keys
  AgentId responder;  // accepts with them
  Freshness freshness = Freshness::kDerived;
  uint16_t key_bytes = 32;  // see IsKeySize()
  absl::Duration key_lifetime = absl::Hours(1);
  uint32_t use_limit = kMostUses;  // counts with kDerived only; else 1

  // INVALID_ARGUMENT unless the agents are two and every limit holds.
  absl::Status Check() const;

  // What both ends must agree on, hashed; in M1, under every key, and kept with
  // it as its policy hash:
  //   SHA-256("skex unmediated" | u16 suite | str initiator | str responder |
  //           u8 freshness | u16 key bytes | u32 lifetime in seconds |
  //           u32 use limit)
  PolicyHash ContextHash() const;

  // The terms of a key of this lane: always computational, without hubs.
  std::shared_ptr<const KeyTerms> Terms(const BootId& initiator_boot,
                                        const BootId& responder_boot) const;

  // INVALID_ARGUMENT unless `key` may re-root this lane: established by DSKE
  // between these two agents, whichever began, with 32 bytes or more.
  absl::Status CheckFreshKey(const Key& key) const;

 private:
  uint32_t EffectiveUseLimit() const {
    return freshness == Freshness::kDerived ? use_limit : 1;
  }
};

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_POLICY_H_
