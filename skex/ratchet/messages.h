#ifndef SKEX_RATCHET_MESSAGES_H_
#define SKEX_RATCHET_MESSAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"
#include "skex/ratchet/lane_keys.h"

namespace skex {

// The four messages of unmediated key establishment. Each type has one size.
// The byte grammar stands in docs/protocol.md. All Parse() functions take the
// whole message and return INVALID_ARGUMENT for anything else than exactly one
// of its type; they verify nothing. Seal() makes the bytes with their tags.

inline constexpr uint8_t kLaneVersion = 1;
// A tree of depth 32 over HMAC-SHA-256, HKDF-SHA-256.
inline constexpr uint16_t kLaneSuite = 1;

inline constexpr size_t kM1Size = 181;
inline constexpr size_t kM2Size = 109;
inline constexpr size_t kStaleSize = 96;
inline constexpr size_t kConfirmSize = 60;

enum class LaneMessageType : uint8_t {
  kM1 = 1,
  kM2 = 2,
  kStale = 3,
  kConfirm = 4,
};

// The type of a message of any kind. INVALID_ARGUMENT if it does not begin like
// one of this version and suite.
absl::StatusOr<LaneMessageType> LaneMessageTypeOf(
    absl::Span<const uint8_t> bytes);

// The lane that a message of any kind is for; errors as above.
absl::StatusOr<LaneId> LaneOf(absl::Span<const uint8_t> bytes);

// The bytes of a message that tell its size.
inline constexpr size_t kLaneHeaderSize = 8;

// The size in bytes of the message that `header` begins: so messages can
// follow one another in a stream. Only the first kLaneHeaderSize bytes are
// looked at. INVALID_ARGUMENT as for LaneMessageTypeOf().
absl::StatusOr<size_t> LaneMessageSize(absl::Span<const uint8_t> header);

// A value of one end that makes a run's transcript its own; random.
using RunNonce = std::array<uint8_t, 32>;

enum class RunPurpose : uint8_t {
  kKey = 1,     // the run gives a key
  kReroot = 2,  // the run gives the lane a new root
  kMix = 3,     // the run gives a key, mixed with one of DSKE
};

// M1, initiator to responder.
struct M1Message {
  LaneId lane;
  uint32_t index = 0;   // the leaf that this run uses up
  uint32_t lowest = 0;  // the lowest index with a run outstanding, <= index
  // 1 + the highest index whose run the initiator has finished since its
  // start, 0 if none; <= index. The responder has accepted that one.
  uint32_t finished = 0;
  RunPurpose purpose = RunPurpose::kKey;
  KeyId fresh;  // of a re-root or a mix: the key of DSKE; else zeros
  BootId boot;  // of the initiator's process
  RunNonce nonce{};
  PolicyHash context{};
  RunTag tag{};                              // not read by Seal()
  std::array<uint8_t, kGateTagSize> gate{};  // not read by Seal()

  // tag = HMAC(K_a1, all before it), gate = HMAC(K_gate, all before it),
  // shortened.
  std::string Seal(const Secret& tag1_key, const Secret& gate_key) const;
  static absl::StatusOr<M1Message> Parse(absl::Span<const uint8_t> bytes);
};

// Whether the gate, or the tag, of the M1 in `bytes` verifies.
bool GateVerifies(const M1Message& m1, absl::string_view bytes,
                  const Secret& gate_key);
bool TagVerifies(const M1Message& m1, absl::string_view bytes,
                 const Secret& tag1_key);

// What the responder says of a run.
enum class RunStatus : uint8_t {
  kAccepted = 1,
  kOtherTerms = 2,  // the two configurations differ
  kNoFreshKey = 3,  // the key of DSKE that M1 names is not here
};

// "accepted", "the two agents' configurations differ", ...
absl::string_view RunStatusText(RunStatus status);

// M2, responder to initiator.
struct M2Message {
  LaneId lane;
  uint32_t index = 0;
  RunStatus status = RunStatus::kAccepted;
  BootId boot;  // of the responder's process
  RunNonce nonce{};
  RunTag tag{};  // not read by Seal()

  // tag = HMAC(K_a2, M1 | all before the tag).
  std::string Seal(const Secret& tag2_key, absl::string_view m1) const;
  static absl::StatusOr<M2Message> Parse(absl::Span<const uint8_t> bytes);
};

bool TagVerifies(const M2Message& m2, absl::string_view bytes,
                 const Secret& tag2_key, absl::string_view m1);

// STALE, responder to initiator: the leaf of an M1 is gone.
struct StaleMessage {
  LaneId lane;
  uint32_t index = 0;  // of the M1
  RunNonce nonce{};    // of the M1
  uint32_t next = 0;   // 1 + the highest index ever accepted
  RunTag tag{};        // not read by Seal()

  // tag = HMAC(K_stale, all before it).
  std::string Seal(const Secret& stale_key) const;
  static absl::StatusOr<StaleMessage> Parse(absl::Span<const uint8_t> bytes);
};

bool TagVerifies(const StaleMessage& stale, absl::string_view bytes,
                 const Secret& stale_key);

// CONFIRM, initiator to responder: it has M2, and so the key.
struct LaneConfirmMessage {
  LaneId lane;
  uint32_t index = 0;
  RunTag tag{};  // not read by Seal()

  // tag = HMAC(K_a3, M1 | M2 | all before the tag).
  std::string Seal(const Secret& tag3_key, absl::string_view m1,
                   absl::string_view m2) const;
  static absl::StatusOr<LaneConfirmMessage> Parse(
      absl::Span<const uint8_t> bytes);
};

}  // namespace skex

#endif  // SKEX_RATCHET_MESSAGES_H_
