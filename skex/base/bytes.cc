#include "skex/base/bytes.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace skex {

ByteWriter& ByteWriter::U8(uint8_t value) {
  out_.push_back(static_cast<char>(value));
  return *this;
}

ByteWriter& ByteWriter::U16(uint16_t value) {
  return U8(static_cast<uint8_t>(value >> 8)).U8(static_cast<uint8_t>(value));
}

ByteWriter& ByteWriter::U32(uint32_t value) {
  return U16(static_cast<uint16_t>(value >> 16))
      .U16(static_cast<uint16_t>(value));
}

ByteWriter& ByteWriter::U64(uint64_t value) {
  return U32(static_cast<uint32_t>(value >> 32))
      .U32(static_cast<uint32_t>(value));
}

ByteWriter& ByteWriter::Raw(absl::Span<const uint8_t> bytes) {
  out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return *this;
}

ByteWriter& ByteWriter::Reserve(size_t size) {
  out_.reserve(size);
  return *this;
}

ByteWriter& ByteWriter::Prefixed(absl::string_view text) {
  return U16(static_cast<uint16_t>(text.size())).Raw(text);
}

uint64_t ByteReader::Integer(size_t size) {
  uint64_t value = 0;
  for (uint8_t byte : Raw(size)) value = value << 8 | byte;
  return value;
}

absl::Span<const uint8_t> ByteReader::Raw(size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  absl::Span<const uint8_t> head = rest_.first(size);
  rest_.remove_prefix(size);
  return head;
}

absl::string_view ByteReader::Prefixed() { return AsText(Raw(U16())); }

void ByteReader::Copy(absl::Span<uint8_t> out) {
  absl::Span<const uint8_t> bytes = Raw(out.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

absl::Status ByteReader::Finish(absl::string_view what) const {
  if (!ok_) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is too short"));
  }
  if (!rest_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " has ", rest_.size(), " bytes too many"));
  }
  return absl::OkStatus();
}

}  // namespace skex
