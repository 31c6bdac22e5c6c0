#ifndef SKEX_RATCHET_SECRET_WRITER_H_
#define SKEX_RATCHET_SECRET_WRITER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"

namespace skex {

// SecretWriter appends big-endian integers and byte strings to a secret of a
// size that is known before: what it builds never moves, and is wiped with its
// owner. The counterpart of ByteWriter for bytes that are not public.
class SecretWriter {
 public:
  // `size` is what all writes make together.
  explicit SecretWriter(size_t size) : secret_(Secret::OfSize(size)) {}

  SecretWriter& U8(uint8_t value) { return Integer(value, 1); }
  SecretWriter& U16(uint16_t value) { return Integer(value, 2); }
  SecretWriter& U32(uint32_t value) { return Integer(value, 4); }
  // Writes behind the end are dropped.
  SecretWriter& Raw(absl::Span<const uint8_t> bytes) {
    const size_t size = std::min(bytes.size(), secret_.size() - written_);
    std::copy_n(bytes.begin(), size, secret_.mutable_view().begin() + written_);
    written_ += size;
    return *this;
  }
  SecretWriter& Raw(absl::string_view text) { return Raw(AsBytes(text)); }

  absl::Span<const uint8_t> written() const {
    return secret_.view().first(written_);
  }
  Secret Take() && { return std::move(secret_); }

 private:
  SecretWriter& Integer(uint32_t value, size_t size) {
    for (size_t i = size; i-- > 0;) {
      const uint8_t byte = static_cast<uint8_t>(value >> (8 * i));
      Raw(absl::Span<const uint8_t>(&byte, 1));
    }
    return *this;
  }

  Secret secret_;
  size_t written_ = 0;
};

}  // namespace skex

#endif  // SKEX_RATCHET_SECRET_WRITER_H_
