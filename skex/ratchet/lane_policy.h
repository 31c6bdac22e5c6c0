#ifndef SKEX_RATCHET_LANE_POLICY_H_
#define SKEX_RATCHET_LANE_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"
#include "skex/ratchet/messages.h"

namespace skex {

// What becomes of the keys of a lane.
enum class LaneUse : uint8_t {
  kAlone = 1,         // they are used as they are
  kMixed = 2,         // only mixed with a key of DSKE
  kMixedOrAlone = 3,  // mixed, or as they are while no hub can be reached
};

// What this agent's own configuration says about the keys of one lane. Both
// ends must say the same: nothing of it travels but its hash.
struct LanePolicy {
  AgentId initiator;  // dials with the keys
  AgentId responder;  // accepts with them
  Freshness freshness = Freshness::kDerived;
  uint16_t key_bytes = 32;  // see IsKeySize()
  absl::Duration key_lifetime = absl::Hours(1);
  uint32_t use_limit = kMostUses;  // counts with kDerived only; else 1
  LaneUse use = LaneUse::kAlone;

  // INVALID_ARGUMENT unless the agents are two and every limit holds; keys that
  // are mixed have kMixedKeySize bytes.
  absl::Status Check() const;

  // What both ends must agree on, hashed; in M1, under every key, and kept with
  // it as its policy hash:
  //   SHA-256("skex unmediated" | u16 suite | str initiator | str responder |
  //           u8 freshness | u16 key bytes | u32 lifetime in seconds |
  //           u32 use limit | u8 use)
  PolicyHash ContextHash() const;

  // The terms of a key of this lane: always computational, without hubs.
  std::shared_ptr<const KeyTerms> Terms(const BootId& initiator_boot,
                                        const BootId& responder_boot) const;

  // INVALID_ARGUMENT unless `key` may re-root this lane: established by DSKE
  // between these two agents, whichever began, with 32 bytes or more.
  absl::Status CheckFreshKey(const Key& key) const;

  // The key of a run: its two messages, and what its leaf gives for the key.
  // `dske` is mixed in, if there is one, and consumed. Errors: see MixKeys().
  absl::StatusOr<Key> KeyOfRun(const Secret& leaf_key, absl::string_view m1,
                               absl::string_view m2,
                               const BootId& initiator_boot,
                               const BootId& responder_boot,
                               std::optional<Key> dske) const;

  // The same for the lane of the other direction.
  LanePolicy Reversed() const;

  // Whether a run may be for that purpose.
  bool Allows(RunPurpose purpose) const;

 private:
  uint32_t EffectiveUseLimit() const {
    return freshness == Freshness::kDerived ? use_limit : 1;
  }
};

}  // namespace skex

#endif  // SKEX_RATCHET_LANE_POLICY_H_
