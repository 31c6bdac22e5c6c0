#include "skex/wire/frame.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

constexpr absl::string_view kMagic = "SKX1";

bool IsFrameType(uint8_t type) {
  return (type >= static_cast<uint8_t>(FrameType::kChallenge) &&
          type <= static_cast<uint8_t>(FrameType::kFarewell)) ||
         (type >= static_cast<uint8_t>(FrameType::kDeal) &&
          type <= static_cast<uint8_t>(FrameType::kNotice));
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("frame: ", what));
}

}  // namespace

absl::string_view FrameTypeName(FrameType type) {
  switch (type) {
    case FrameType::kChallenge:
      return "challenge";
    case FrameType::kHello:
      return "hello";
    case FrameType::kWelcome:
      return "welcome";
    case FrameType::kRequest:
      return "request";
    case FrameType::kGrant:
      return "grant";
    case FrameType::kFarewell:
      return "farewell";
    case FrameType::kDeal:
      return "deal";
    case FrameType::kRelay:
      return "relay";
    case FrameType::kReceipt:
      return "receipt";
    case FrameType::kConfirm:
      return "confirm";
    case FrameType::kNotice:
      return "notice";
  }
  return "unknown";
}

size_t TagSize(FrameType type) {
  if (type == FrameType::kChallenge) return 0;
  return IsExchangeFrame(type) ? 16 : 32;
}

absl::StatusOr<Frame> ParseFrame(absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  if (AsText(reader.Raw(kMagic.size())) != kMagic) {
    return Malformed("does not begin with SKX1");
  }
  const uint8_t version = reader.U8();
  const uint8_t type = reader.U8();
  const uint16_t suite = reader.U16();
  Frame frame;
  frame.header.table = reader.Id16<TableId>();
  const uint8_t direction = reader.U8();
  frame.header.lane = reader.U8();
  frame.header.mac_offset = reader.U64();
  frame.header.otp.from = reader.U64();
  const uint64_t otp_size = reader.U32();
  const uint64_t reserved = reader.U32();
  const uint32_t body_size = reader.U32();
  if (!reader.ok()) return Malformed("shorter than a header");
  if (version != kWireVersion) {
    return Malformed(absl::StrCat("version ", version, ", this is version ",
                                  kWireVersion, ": install the same release"));
  }
  if (!IsFrameType(type)) return Malformed(absl::StrCat("type ", type));
  if (suite != kWireSuite) return Malformed(absl::StrCat("suite ", suite));
  if (direction > 1) return Malformed(absl::StrCat("direction ", direction));
  if (reserved != 0) return Malformed("reserved bits are set");
  if (frame.header.otp.from > UINT64_MAX - otp_size) {
    return Malformed("pad range overflows");
  }
  frame.header.type = static_cast<FrameType>(type);
  frame.header.direction = static_cast<Direction>(direction);
  frame.header.otp.to = frame.header.otp.from + otp_size;
  const size_t tag_size = TagSize(frame.header.type);
  if (body_size > kMaxBodySize || reader.remaining() != body_size + tag_size) {
    return Malformed(absl::StrCat("body of ", body_size,
                                  " bytes in a frame of ", bytes.size()));
  }
  frame.covered = bytes.first(kFrameHeaderSize + body_size);
  frame.body = reader.Raw(body_size);
  frame.tag = reader.Raw(tag_size);
  return frame;
}

std::string EncodeFrame(const FrameHeader& header,
                        absl::Span<const absl::string_view> body) {
  size_t body_size = 0;
  for (absl::string_view piece : body) body_size += piece.size();
  ByteWriter writer;
  writer.Reserve(kFrameHeaderSize + body_size + TagSize(header.type));
  writer.Raw(kMagic)
      .U8(kWireVersion)
      .U8(static_cast<uint8_t>(header.type))
      .U16(kWireSuite)
      .Raw(header.table.bytes())
      .U8(static_cast<uint8_t>(header.direction))
      .U8(header.lane)
      .U64(header.mac_offset)
      .U64(header.otp.from)
      .U32(static_cast<uint32_t>(header.otp.size()))
      .U32(0)
      .U32(static_cast<uint32_t>(body_size));
  for (absl::string_view piece : body) writer.Raw(piece);
  return std::move(writer).Take();
}

}  // namespace skex
