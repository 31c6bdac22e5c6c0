#include "service/storage/lane_file_format.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::string_view kSlotMagic = "laneslot";
constexpr size_t kSlotHead = 8 + 8 + 4;
constexpr size_t kChecksumSize = SHA256_DIGEST_LENGTH;
static_assert(kSlotHead + kChecksumSize == kLaneSlotOverhead);

std::array<uint8_t, kChecksumSize> Checksum(absl::Span<const uint8_t> bytes) {
  std::array<uint8_t, kChecksumSize> digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

absl::Status Damaged() {
  return absl::DataLossError("its slot is empty, torn or damaged");
}

}  // namespace

std::string EncodeLaneHeader() {
  skex::ByteWriter writer;
  writer.Raw(kLaneFileMagic).U16(kLaneFileVersion);
  return std::move(writer).Take();
}

absl::StatusOr<bool> DecodeLaneHeader(absl::Span<const uint8_t> bytes) {
  const std::string whole = EncodeLaneHeader();
  const absl::string_view found = skex::AsText(bytes);
  if (found == whole) return true;
  // A write that failed may have left any beginning of it.
  const size_t same =
      std::mismatch(found.begin(), found.end(), whole.begin(), whole.end())
          .first -
      found.begin();
  if (found.find_first_not_of('\0', same) == absl::string_view::npos) {
    return false;
  }
  if (found.substr(0, kLaneFileMagic.size()) != kLaneFileMagic) {
    return absl::InvalidArgumentError("is not a lane file");
  }
  skex::ByteReader version(bytes.subspan(kLaneFileMagic.size()));
  return absl::FailedPreconditionError(absl::StrCat(
      "has format version ", version.U16(), ", this program reads ",
      kLaneFileVersion, "; use the program that wrote it, or a newer one"));
}

skex::Secret EncodeLaneSlot(uint64_t generation,
                            absl::Span<const uint8_t> state) {
  skex::ByteWriter head;
  head.Raw(kSlotMagic).U64(generation).U32(static_cast<uint32_t>(state.size()));
  skex::Secret slot = skex::Secret::OfSize(kLaneSlotOverhead + state.size());
  const absl::Span<uint8_t> out = slot.mutable_view();
  std::copy(head.bytes().begin(), head.bytes().end(), out.begin());
  std::copy(state.begin(), state.end(), out.begin() + kSlotHead);
  const auto checksum = Checksum(slot.view().first(kSlotHead + state.size()));
  std::copy(checksum.begin(), checksum.end(), out.end() - kChecksumSize);
  return slot;
}

absl::StatusOr<LaneSlot> DecodeLaneSlot(absl::Span<const uint8_t> bytes) {
  skex::ByteReader reader(bytes);
  const bool magic = skex::AsText(reader.Raw(kSlotMagic.size())) == kSlotMagic;
  const uint64_t generation = reader.U64();
  const uint32_t size = reader.U32();
  const absl::Span<const uint8_t> state = reader.Raw(size);
  const absl::Span<const uint8_t> checksum = reader.Raw(kChecksumSize);
  if (!reader.ok() || !magic ||
      !skex::EqualInConstantTime(checksum,
                                 Checksum(bytes.first(kSlotHead + size)))) {
    return Damaged();
  }
  return LaneSlot{generation, skex::Secret::CopyOf(state)};
}

}  // namespace service
