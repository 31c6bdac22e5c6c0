#include "service/storage/pad_file_format.h"

#include <openssl/sha.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

using skex::Direction;
using skex::PadGeometry;
using skex::PadMarks;
using skex::PadSource;
using skex::Secret;
using skex::Side;
using skex::Stream;
using skex::StreamMark;
using skex::TableId;

constexpr absl::string_view kMarkMagic = "skexmark";
constexpr size_t kImportFlagSize = 16;

// Magic, generation, table and two integers for each of the marks.
constexpr size_t kMarkBodySize =
    8 + 8 + TableId::kSize + 2 * skex::kMaxLanes * 2 * 16;
static_assert(kMarkBodySize + kSha256Size <= kMarkSlotSize);

Sha256Digest Sha256(absl::Span<const uint8_t> bytes) {
  Sha256Digest digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

Sha256Digest HashOfTable(absl::string_view label, const TableId& table,
                         absl::Span<const uint8_t> more) {
  skex::ByteWriter writer;
  writer.Raw(label).Raw(table.bytes()).Raw(more);
  return Sha256(skex::AsBytes(writer.bytes()));
}

bool AllZero(absl::Span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](uint8_t byte) { return byte == 0; });
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("its ", what, " is damaged"));
}

template <typename Visit>
bool AllMarks(const PadGeometry& geometry, Visit visit) {
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    for (uint8_t lane = 0; lane < geometry.lanes; ++lane) {
      for (Stream stream : {Stream::kMac, Stream::kOtp}) {
        if (!visit(direction, lane, stream)) return false;
      }
    }
  }
  return true;
}

absl::StatusOr<PadFileHeader> DecodeFields(skex::ByteReader reader) {
  const uint8_t side = reader.U8();
  const uint8_t source = reader.U8();
  const TableId table = reader.Id16<TableId>();
  PadGeometry geometry;
  geometry.lanes = reader.U8();
  geometry.mac_bytes = reader.U64();
  geometry.otp_bytes = reader.U64();
  absl::StatusOr<skex::AgentId> agent = skex::AgentId::Parse(reader.Prefixed());
  absl::StatusOr<skex::HubId> hub = skex::HubId::Parse(reader.Prefixed());
  Secret link_key = Secret::CopyOf(reader.Raw(skex::kLinkKeySize));

  if (!reader.ok() || side > 1 || !skex::IsPadSource(source) || !agent.ok() ||
      !hub.ok() || !geometry.Check().ok()) {
    return Damaged("header");
  }
  return PadFileHeader{static_cast<Side>(side),
                       {table, *std::move(agent), *std::move(hub),
                        static_cast<PadSource>(source), geometry},
                       std::move(link_key)};
}

}  // namespace

Secret EncodePadHeader(const PadFileHeader& header) {
  const skex::PadIdentity& identity = header.identity;
  skex::ByteWriter writer;
  writer.Raw(kPadFileMagic)
      .U16(kPadFileVersion)
      .U8(static_cast<uint8_t>(header.side))
      .U8(static_cast<uint8_t>(identity.source))
      .Raw(identity.table.bytes())
      .U8(identity.geometry.lanes)
      .U64(identity.geometry.mac_bytes)
      .U64(identity.geometry.otp_bytes)
      .Prefixed(identity.agent.text())
      .Prefixed(identity.hub.text());

  Secret bytes = Secret::OfSize(kPadHeaderSize);
  absl::Span<uint8_t> out = bytes.mutable_view();
  const absl::Span<const uint8_t> open = skex::AsBytes(writer.bytes());
  std::copy(open.begin(), open.end(), out.begin());
  const absl::Span<const uint8_t> key = header.link_key.view();
  std::copy(key.begin(), key.end(), out.begin() + open.size());
  const Sha256Digest sum = Sha256(out.first(kPadHeaderSize - kSha256Size));
  std::copy(sum.begin(), sum.end(), out.end() - kSha256Size);
  return bytes;
}

absl::StatusOr<PadFileHeader> DecodePadHeader(absl::Span<const uint8_t> bytes) {
  skex::ByteReader reader(bytes);
  if (skex::AsText(reader.Raw(kPadFileMagic.size())) != kPadFileMagic) {
    return absl::InvalidArgumentError("is not a pad file");
  }
  const uint16_t version = reader.U16();
  if (version > kPadFileVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "has pad format ", version, ", this program reads formats up to ",
        kPadFileVersion, "; install the skex release that wrote it or newer"));
  }
  if (bytes.size() != kPadHeaderSize || version == 0) return Damaged("header");
  const Sha256Digest sum = Sha256(bytes.first(kPadHeaderSize - kSha256Size));
  if (!skex::EqualInConstantTime(sum, bytes.last(kSha256Size))) {
    return Damaged("header");
  }
  return DecodeFields(reader);
}

std::string EncodeImportFlag(const TableId& table, bool checked) {
  skex::ByteWriter writer;
  if (checked) {
    const Sha256Digest flag = HashOfTable("skex pad checked", table, {});
    writer.Raw(absl::MakeSpan(flag).first(kImportFlagSize));
  }
  std::string bytes = std::move(writer).Take();
  bytes.resize(kImportSectorSize);
  return bytes;
}

std::string EncodeImportHash(const TableId& table, const Sha256Digest& hash) {
  skex::ByteWriter writer;
  writer.Raw(hash).Raw(HashOfTable("skex pad hash", table, hash));
  std::string bytes = std::move(writer).Take();
  bytes.resize(kImportSectorSize);
  return bytes;
}

absl::StatusOr<PadImport> DecodeImport(const TableId& table,
                                       absl::Span<const uint8_t> bytes) {
  if (bytes.size() != 2 * kImportSectorSize) return Damaged("import record");
  const absl::string_view flag = skex::AsText(bytes.first(kImportSectorSize));
  const absl::Span<const uint8_t> stored = bytes.last(kImportSectorSize);

  PadImport import;
  import.checked = flag == EncodeImportFlag(table, true);
  import.has_hash = !AllZero(stored);
  // Once the flag stands, a hash that is half overwritten is as good as gone.
  // A torn flag counts as none: the hash is only touched behind a whole one.
  if (import.checked) return import;
  std::copy_n(stored.begin(), kSha256Size, import.hash.begin());
  if (skex::AsText(stored) != EncodeImportHash(table, import.hash)) {
    return Damaged("stored hash");
  }
  return import;
}

std::string EncodeMarkSlot(const TableId& table, const MarkSlot& slot) {
  skex::ByteWriter writer;
  writer.Raw(kMarkMagic).U64(slot.generation).Raw(table.bytes());
  for (const StreamMark& mark : slot.marks.marks) {
    writer.U64(mark.claimed_upto).U64(mark.erased_upto);
  }
  writer.Raw(Sha256(skex::AsBytes(writer.bytes())));
  std::string bytes = std::move(writer).Take();
  bytes.resize(kMarkSlotSize);
  return bytes;
}

absl::StatusOr<MarkSlot> DecodeMarkSlot(const skex::PadIdentity& identity,
                                        absl::Span<const uint8_t> bytes) {
  if (bytes.size() != kMarkSlotSize) return Damaged("mark slot");
  const Sha256Digest sum = Sha256(bytes.first(kMarkBodySize));
  if (!skex::EqualInConstantTime(sum,
                                 bytes.subspan(kMarkBodySize, kSha256Size))) {
    return Damaged("mark slot");
  }
  skex::ByteReader reader(bytes);
  const absl::string_view magic = skex::AsText(reader.Raw(kMarkMagic.size()));
  MarkSlot slot;
  slot.generation = reader.U64();
  const TableId table = reader.Id16<TableId>();
  for (StreamMark& mark : slot.marks.marks) {
    mark.claimed_upto = reader.U64();
    mark.erased_upto = reader.U64();
  }
  if (!reader.ok() || magic != kMarkMagic || table != identity.table ||
      !MarksFit(identity.geometry, slot.marks)) {
    return Damaged("mark slot");
  }
  return slot;
}

bool MarksFit(const PadGeometry& geometry, const PadMarks& marks) {
  return AllMarks(
      geometry, [&](Direction direction, uint8_t lane, Stream stream) {
        const StreamMark& mark = marks.at(direction, lane, stream);
        return geometry.Begin(direction, lane, stream) <= mark.erased_upto &&
               mark.erased_upto <= mark.claimed_upto &&
               mark.claimed_upto <= geometry.End(direction, lane, stream);
      });
}

bool MarksAdvance(const PadGeometry& geometry, const PadMarks& now,
                  const PadMarks& next) {
  return AllMarks(geometry,
                  [&](Direction direction, uint8_t lane, Stream stream) {
                    const StreamMark& old = now.at(direction, lane, stream);
                    const StreamMark& mark = next.at(direction, lane, stream);
                    return old.claimed_upto <= mark.claimed_upto &&
                           old.erased_upto <= mark.erased_upto;
                  });
}

}  // namespace service
