#include "skex/ratchet/messages.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

constexpr absl::string_view kMagic = "SKU1";

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("lane message: ", what));
}

ByteWriter Begin(LaneMessageType type, const LaneId& lane, uint32_t index) {
  ByteWriter writer;
  writer.Reserve(kM1Size);
  writer.Raw(kMagic)
      .U8(kLaneVersion)
      .U8(static_cast<uint8_t>(type))
      .U16(kLaneSuite)
      .Raw(lane.bytes())
      .U32(index);
  return writer;
}

absl::StatusOr<LaneMessageType> ReadType(ByteReader& reader) {
  if (AsText(reader.Raw(kMagic.size())) != kMagic) {
    return Malformed("does not begin with SKU1");
  }
  const uint8_t version = reader.U8();
  const uint8_t type = reader.U8();
  const uint16_t suite = reader.U16();
  if (!reader.ok()) return Malformed("cut short");
  if (version != kLaneVersion) {
    return Malformed(absl::StrCat("version ", version, ", this is version ",
                                  kLaneVersion, ": install the same release"));
  }
  if (type < static_cast<uint8_t>(LaneMessageType::kM1) ||
      type > static_cast<uint8_t>(LaneMessageType::kConfirm)) {
    return Malformed(absl::StrCat("type ", type));
  }
  if (suite != kLaneSuite) return Malformed(absl::StrCat("suite ", suite));
  return static_cast<LaneMessageType>(type);
}

// Reads what every message begins with, which must be of type `type`.
absl::Status ReadBeginning(ByteReader& reader, LaneMessageType type,
                           LaneId& lane, uint32_t& index) {
  const absl::StatusOr<LaneMessageType> read = ReadType(reader);
  if (!read.ok()) return read.status();
  if (*read != type) return Malformed("of another type");
  lane = reader.Id16<LaneId>();
  index = reader.U32();
  return absl::OkStatus();
}

absl::string_view WithoutLast(absl::string_view bytes, size_t size) {
  bytes.remove_suffix(std::min(size, bytes.size()));
  return bytes;
}

std::string Tagged(ByteWriter writer, const RunTag& tag) {
  writer.Raw(tag);
  return std::move(writer).Take();
}

}  // namespace

absl::StatusOr<LaneMessageType> LaneMessageTypeOf(
    absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  return ReadType(reader);
}

absl::StatusOr<LaneId> LaneOf(absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  const absl::StatusOr<LaneMessageType> type = ReadType(reader);
  if (!type.ok()) return type.status();
  const auto lane = reader.Id16<LaneId>();
  if (!reader.ok()) return Malformed("cut short");
  return lane;
}

absl::StatusOr<size_t> LaneMessageSize(absl::Span<const uint8_t> header) {
  const absl::StatusOr<LaneMessageType> type = LaneMessageTypeOf(header);
  if (!type.ok()) return type.status();
  switch (*type) {
    case LaneMessageType::kM1:
      return kM1Size;
    case LaneMessageType::kM2:
      return kM2Size;
    case LaneMessageType::kStale:
      return kStaleSize;
    case LaneMessageType::kConfirm:
      return kConfirmSize;
  }
  return Malformed("of no known size");
}

std::string M1Message::Seal(const Secret& tag1_key,
                            const Secret& gate_key) const {
  ByteWriter writer = Begin(LaneMessageType::kM1, lane, index);
  writer.U32(lowest)
      .U32(finished)
      .U8(static_cast<uint8_t>(purpose))
      .Raw(fresh.bytes())
      .Raw(boot.bytes())
      .Raw(nonce)
      .Raw(context);
  writer.Raw(ComputeRunTag(tag1_key, {writer.bytes()}));
  const RunTag full = ComputeRunTag(gate_key, {writer.bytes()});
  writer.Raw(absl::MakeConstSpan(full).first(kGateTagSize));
  return std::move(writer).Take();
}

absl::StatusOr<M1Message> M1Message::Parse(absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  M1Message m1;
  absl::Status status =
      ReadBeginning(reader, LaneMessageType::kM1, m1.lane, m1.index);
  if (!status.ok()) return status;
  m1.lowest = reader.U32();
  m1.finished = reader.U32();
  const uint8_t purpose = reader.U8();
  m1.fresh = reader.Id16<KeyId>();
  m1.boot = reader.Id16<BootId>();
  reader.Copy(absl::MakeSpan(m1.nonce));
  reader.Copy(absl::MakeSpan(m1.context));
  reader.Copy(absl::MakeSpan(m1.tag));
  reader.Copy(absl::MakeSpan(m1.gate));
  status = reader.Finish("M1");
  if (!status.ok()) return status;
  if (m1.lowest > m1.index || m1.finished > m1.index) {
    return Malformed("bounds above its own index");
  }
  if (purpose < static_cast<uint8_t>(RunPurpose::kKey) ||
      purpose > static_cast<uint8_t>(RunPurpose::kMix)) {
    return Malformed(absl::StrCat("purpose ", purpose));
  }
  m1.purpose = static_cast<RunPurpose>(purpose);
  if (m1.purpose == RunPurpose::kKey && m1.fresh != KeyId()) {
    return Malformed("a key of DSKE that it does not use");
  }
  return m1;
}

bool GateVerifies(const M1Message& m1, absl::string_view bytes,
                  const Secret& gate_key) {
  const RunTag full =
      ComputeRunTag(gate_key, {WithoutLast(bytes, kGateTagSize)});
  return EqualInConstantTime(absl::MakeConstSpan(full).first(kGateTagSize),
                             m1.gate);
}

bool TagVerifies(const M1Message& m1, absl::string_view bytes,
                 const Secret& tag1_key) {
  return EqualInConstantTime(
      ComputeRunTag(tag1_key, {WithoutLast(bytes, kRunTagSize + kGateTagSize)}),
      m1.tag);
}

absl::string_view RunStatusText(RunStatus status) {
  switch (status) {
    case RunStatus::kAccepted:
      return "accepted";
    case RunStatus::kOtherTerms:
      return "the two agents' configurations differ";
    case RunStatus::kNoFreshKey:
      return "the key of DSKE that it names is not there";
  }
  return "unknown status";
}

std::string M2Message::Seal(const Secret& tag2_key,
                            absl::string_view m1) const {
  ByteWriter writer = Begin(LaneMessageType::kM2, lane, index);
  writer.U8(static_cast<uint8_t>(status)).Raw(boot.bytes()).Raw(nonce);
  const RunTag made = ComputeRunTag(tag2_key, {m1, writer.bytes()});
  return Tagged(std::move(writer), made);
}

absl::StatusOr<M2Message> M2Message::Parse(absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  M2Message m2;
  absl::Status status =
      ReadBeginning(reader, LaneMessageType::kM2, m2.lane, m2.index);
  if (!status.ok()) return status;
  const uint8_t run_status = reader.U8();
  m2.boot = reader.Id16<BootId>();
  reader.Copy(absl::MakeSpan(m2.nonce));
  reader.Copy(absl::MakeSpan(m2.tag));
  status = reader.Finish("M2");
  if (!status.ok()) return status;
  if (run_status < static_cast<uint8_t>(RunStatus::kAccepted) ||
      run_status > static_cast<uint8_t>(RunStatus::kNoFreshKey)) {
    return Malformed(absl::StrCat("status ", run_status));
  }
  m2.status = static_cast<RunStatus>(run_status);
  return m2;
}

bool TagVerifies(const M2Message& m2, absl::string_view bytes,
                 const Secret& tag2_key, absl::string_view m1) {
  return EqualInConstantTime(
      ComputeRunTag(tag2_key, {m1, WithoutLast(bytes, kRunTagSize)}), m2.tag);
}

std::string StaleMessage::Seal(const Secret& stale_key) const {
  ByteWriter writer = Begin(LaneMessageType::kStale, lane, index);
  writer.Raw(nonce).U32(next);
  const RunTag made = ComputeRunTag(stale_key, {writer.bytes()});
  return Tagged(std::move(writer), made);
}

absl::StatusOr<StaleMessage> StaleMessage::Parse(
    absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  StaleMessage stale;
  absl::Status status =
      ReadBeginning(reader, LaneMessageType::kStale, stale.lane, stale.index);
  if (!status.ok()) return status;
  reader.Copy(absl::MakeSpan(stale.nonce));
  stale.next = reader.U32();
  reader.Copy(absl::MakeSpan(stale.tag));
  status = reader.Finish("STALE");
  if (!status.ok()) return status;
  return stale;
}

bool TagVerifies(const StaleMessage& stale, absl::string_view bytes,
                 const Secret& stale_key) {
  return EqualInConstantTime(
      ComputeRunTag(stale_key, {WithoutLast(bytes, kRunTagSize)}), stale.tag);
}

std::string LaneConfirmMessage::Seal(const Secret& tag3_key,
                                     absl::string_view m1,
                                     absl::string_view m2) const {
  ByteWriter writer = Begin(LaneMessageType::kConfirm, lane, index);
  const RunTag made = ComputeRunTag(tag3_key, {m1, m2, writer.bytes()});
  return Tagged(std::move(writer), made);
}

absl::StatusOr<LaneConfirmMessage> LaneConfirmMessage::Parse(
    absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  LaneConfirmMessage confirm;
  absl::Status status = ReadBeginning(reader, LaneMessageType::kConfirm,
                                      confirm.lane, confirm.index);
  if (!status.ok()) return status;
  reader.Copy(absl::MakeSpan(confirm.tag));
  status = reader.Finish("CONFIRM");
  if (!status.ok()) return status;
  return confirm;
}

}  // namespace skex
