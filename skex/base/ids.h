#ifndef SKEX_BASE_IDS_H_
#define SKEX_BASE_IDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace skex {

// Longest name, in bytes, of an agent or a hub.
inline constexpr size_t kMaxNameSize = 128;

// Checks the one grammar of agent and hub names, `name@domain`: lower-case
// ASCII letters, digits, '.', '-', '_', each part starting and ending with a
// letter or digit, at most kMaxNameSize bytes in all. Returns INVALID_ARGUMENT
// with the offending text if `text` is something else.
//
// Names are compared and authenticated as exact bytes; the grammar leaves one
// spelling for each.
absl::Status CheckName(absl::string_view text);

// The name of an agent or of a hub: distinct types, so that one cannot be
// passed for the other. Valid by construction; immutable.
template <class Tag>
class Name {
 public:
  static absl::StatusOr<Name> Parse(absl::string_view text) {
    absl::Status status = CheckName(text);
    if (!status.ok()) return status;
    return Name(std::string(text));
  }

  const std::string& text() const { return text_; }

  // The part behind the '@'. By default one domain is one operator.
  absl::string_view domain() const {
    return absl::string_view(text_).substr(text_.find('@') + 1);
  }

  friend bool operator==(const Name& a, const Name& b) = default;
  friend auto operator<=>(const Name& a, const Name& b) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Name& name) {
    return H::combine(std::move(h), name.text_);
  }

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using AgentId = Name<struct AgentTag>;
using HubId = Name<struct HubTag>;

// A 16-byte identifier. Public, random or derived; distinct types by Tag.
template <class Tag>
class Id16 {
 public:
  static constexpr size_t kSize = 16;

  Id16() = default;
  explicit Id16(const std::array<uint8_t, kSize>& bytes) : bytes_(bytes) {}

  const std::array<uint8_t, kSize>& bytes() const { return bytes_; }
  absl::Span<uint8_t> mutable_bytes() { return absl::MakeSpan(bytes_); }

  // 32 lower-case hexadecimal digits.
  std::string Hex() const {
    return absl::BytesToHexString(
        absl::string_view(reinterpret_cast<const char*>(bytes_.data()), kSize));
  }

  friend bool operator==(const Id16& a, const Id16& b) = default;
  friend auto operator<=>(const Id16& a, const Id16& b) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Id16& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, kSize> bytes_{};
};

// One run that establishes a batch of keys; random, chosen by the initiator.
using ExchangeId = Id16<struct ExchangeTag>;
// One established key; derived, see skex/psk/derivation.h.
using KeyId = Id16<struct KeyTag>;
// One start of a process; random.
using BootId = Id16<struct BootTag>;
// One pad, on both of its ends; random.
using TableId = Id16<struct TableTag>;
// One direction of unmediated key establishment between two agents; derived
// from its root, see skex/ratchet/lane_keys.h.
using LaneId = Id16<struct LaneTag>;
// A value that shows an answer to be fresh; random.
using Nonce = Id16<struct NonceTag>;

}  // namespace skex

#endif  // SKEX_BASE_IDS_H_
