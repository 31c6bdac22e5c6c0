#ifndef SKEX_WIRE_FRAME_H_
#define SKEX_WIRE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/ids.h"
#include "skex/pad/pad.h"

namespace skex {

// One message between an agent and a hub: a header of fixed size, a body, a
// tag. The byte grammar stands in docs/protocol.md. Every length and position
// that matters for verification follows from the type and from the header's
// fixed layout, never from a field that the sender chose.

inline constexpr uint8_t kWireVersion = 1;
// GF(2^128), Shamir sharing, one-time pad, Wegman-Carter tags; HMAC-SHA-256
// for the link frames.
inline constexpr uint16_t kWireSuite = 1;

enum class FrameType : uint8_t {
  // Link frames, see link.h.
  kChallenge = 1,  // hub to agent, without a tag
  kHello = 2,      // agent to hub
  kWelcome = 3,    // hub to agent
  kRequest = 4,    // either way
  kGrant = 5,      // either way
  kFarewell = 6,   // either way
  // Exchange frames, see skex/dske/messages.h.
  kDeal = 16,     // initiator to hub: an offer and a masked share
  kRelay = 17,    // hub to responder: the same, masked anew
  kReceipt = 18,  // responder to hub: the share is settled, a confirmation
  kConfirm = 19,  // hub to initiator: the responder's confirmation
  kNotice = 20,   // hub to initiator: why a share was not relayed
};

// "deal", "relay", ...
absl::string_view FrameTypeName(FrameType type);

inline bool IsExchangeFrame(FrameType type) { return type >= FrameType::kDeal; }

inline constexpr size_t kFrameHeaderSize = 54;
inline constexpr size_t kMaxBodySize = 1024 * 1024;

// Bytes of the tag: none, an HMAC-SHA-256, or a one-time MAC.
size_t TagSize(FrameType type);

struct FrameHeader {
  FrameType type = FrameType::kChallenge;
  TableId table;
  Direction direction = Direction::kAgentToHub;
  uint8_t lane = 0;
  // The MAC slot of an exchange frame; 0 in link frames.
  uint64_t mac_offset = 0;
  // The pad range that masks key material in the body; empty where none does.
  PadRange otp;
};

// A parsed frame: views into the bytes it was parsed from.
struct Frame {
  FrameHeader header;
  absl::Span<const uint8_t> body;
  absl::Span<const uint8_t> covered;  // header and body: what the tag covers
  absl::Span<const uint8_t> tag;
};

// Takes a frame apart. Returns INVALID_ARGUMENT for anything that is not
// exactly one frame of this version and suite. Nothing is verified.
absl::StatusOr<Frame> ParseFrame(absl::Span<const uint8_t> bytes);

// Header and body, to which the sender appends the tag. The body is what the
// pieces make together, at most kMaxBodySize bytes.
std::string EncodeFrame(const FrameHeader& header,
                        absl::Span<const absl::string_view> body);

}  // namespace skex

#endif  // SKEX_WIRE_FRAME_H_
