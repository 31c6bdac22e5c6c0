#ifndef SKEX_BASE_BYTES_H_
#define SKEX_BASE_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace skex {

// The bytes of `text`. Valid as long as `text` is.
inline absl::Span<const uint8_t> AsBytes(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// `bytes` as text. Valid as long as `bytes` is.
inline absl::string_view AsText(absl::Span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// ByteWriter appends big-endian integers and byte strings. For public bytes:
// what it builds is not wiped.
class ByteWriter {
 public:
  ByteWriter& U8(uint8_t value);
  ByteWriter& U16(uint16_t value);
  ByteWriter& U32(uint32_t value);
  ByteWriter& U64(uint64_t value);
  ByteWriter& Raw(absl::Span<const uint8_t> bytes);
  ByteWriter& Raw(absl::string_view text) { return Raw(AsBytes(text)); }
  // Makes room for `size` bytes in all, so that they are not copied again.
  ByteWriter& Reserve(size_t size);
  // A two-byte length, then the bytes. `text` must be under 64 KiB.
  ByteWriter& Prefixed(absl::string_view text);

  const std::string& bytes() const { return out_; }
  std::string Take() && { return std::move(out_); }

 private:
  std::string out_;
};

// ByteReader takes the same apart. The first read behind the end makes the
// reader fail; a failed reader returns zeros and empty strings, so that a
// parser reads all fields and asks once, at the end, with Finish().
class ByteReader {
 public:
  // `input` must outlive the reader and what its Raw() returned.
  explicit ByteReader(absl::Span<const uint8_t> input) : rest_(input) {}

  uint8_t U8() { return static_cast<uint8_t>(Integer(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Integer(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Integer(4)); }
  uint64_t U64() { return Integer(8); }
  // The next `size` bytes, as a view into the input.
  absl::Span<const uint8_t> Raw(size_t size);
  absl::string_view Prefixed();
  template <class Id>
  Id Id16() {
    Id id;
    Copy(id.mutable_bytes());
    return id;
  }
  // Fills `out`.
  void Copy(absl::Span<uint8_t> out);

  size_t remaining() const { return rest_.size(); }
  bool ok() const { return ok_; }

  // OK if every read was inside the input and nothing is left over; else
  // INVALID_ARGUMENT that names `what`.
  absl::Status Finish(absl::string_view what) const;

 private:
  uint64_t Integer(size_t size);

  absl::Span<const uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace skex

#endif  // SKEX_BASE_BYTES_H_
