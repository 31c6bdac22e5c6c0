#ifndef SKEX_PAD_PAD_LAYOUT_H_
#define SKEX_PAD_PAD_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/pad/pad_source.h"

namespace skex {

// Who of the two ends of a pad this process is.
enum class Side : uint8_t { kAgent = 0, kHub = 1 };

// Which way a byte of the pad protects messages.
enum class Direction : uint8_t { kAgentToHub = 0, kHubToAgent = 1 };

inline constexpr Direction SendDirection(Side side) {
  return side == Side::kAgent ? Direction::kAgentToHub : Direction::kHubToAgent;
}
inline constexpr Direction ReceiveDirection(Side side) {
  return side == Side::kAgent ? Direction::kHubToAgent : Direction::kAgentToHub;
}

// Position fixes role: a byte of the mac stream is only ever part of a one-time
// MAC key, a byte of the otp stream only ever masks key material. Initiator
// and responder of an exchange learn each other's otp bytes; were one of them
// to serve as a MAC key, either could forge messages of the hub to the other.
enum class Stream : uint8_t { kMac = 0, kOtp = 1 };

inline constexpr size_t kMaxLanes = 8;
inline constexpr size_t kMacSlotSize = 32;   // one one-time MAC key (a, b)
inline constexpr size_t kOtpBlockSize = 16;  // one field element

// The most pads that an agent and a hub share at a time. While one is used up
// the next lies ready; more would only be more to look through.
inline constexpr size_t kMostPads = 8;

// How a pad is divided. Per direction: `lanes` lanes, each written by one
// sender only; each lane is a mac stream, then an otp stream. Offsets are
// absolute in the pad's data, in bytes.
struct PadGeometry {
  uint8_t lanes = 1;       // 1..kMaxLanes
  uint64_t mac_bytes = 0;  // per lane, a multiple of kMacSlotSize
  uint64_t otp_bytes = 0;  // per lane, a multiple of kOtpBlockSize

  uint64_t total_bytes() const { return 2 * lanes * (mac_bytes + otp_bytes); }

  // First and one-past-last offset of a stream. `lane` must be < lanes.
  uint64_t Begin(Direction direction, uint8_t lane, Stream stream) const;
  uint64_t End(Direction direction, uint8_t lane, Stream stream) const;

  // INVALID_ARGUMENT unless every rule above holds and both streams have at
  // least one chunk (see pad.h).
  absl::Status Check() const;
};

// What both ends know of a pad besides its data. The link key authenticates
// the start of a stream and the grants (see skex/wire/link.h), never a message
// that moves key material.
struct PadIdentity {
  TableId table;
  AgentId agent;
  HubId hub;
  PadSource source = PadSource::kGenerator;
  PadGeometry geometry;
};

inline constexpr size_t kLinkKeySize = 32;

}  // namespace skex

#endif  // SKEX_PAD_PAD_LAYOUT_H_
