#include "skex/ratchet/lane_state.h"

#include <openssl/sha.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

constexpr absl::string_view kMagic = "SKXL";
constexpr uint8_t kStateVersion = 1;
constexpr size_t kChecksumSize = SHA256_DIGEST_LENGTH;
constexpr size_t kLaneHeader = LaneId::kSize + 2 * kLaneKeySize;

std::array<uint8_t, kChecksumSize> Checksum(absl::Span<const uint8_t> bytes) {
  std::array<uint8_t, kChecksumSize> digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("lane state: ", what));
}

// An initiator leaves the old root when it gets the new one.
uint8_t MostLanes(LaneSide side) {
  return side == LaneSide::kInitiator ? 1 : 2;
}

absl::StatusOr<Lane> ReadLane(ByteReader& reader) {
  Lane lane;
  lane.id = reader.Id16<LaneId>();
  lane.gate = Secret::CopyOf(reader.Raw(kLaneKeySize));
  lane.stale = Secret::CopyOf(reader.Raw(kLaneKeySize));
  absl::StatusOr<PuncturableTree> tree = PuncturableTree::Decode(reader);
  if (!tree.ok()) return tree.status();
  lane.tree = *std::move(tree);
  return lane;
}

}  // namespace

Lane Lane::Of(LaneSecrets secrets) {
  return {.id = secrets.id,
          .gate = std::move(secrets.gate),
          .stale = std::move(secrets.stale),
          .tree = PuncturableTree(std::move(secrets.root))};
}

Lane Lane::Clone() const {
  return {.id = id,
          .gate = gate.Clone(),
          .stale = stale.Clone(),
          .tree = tree.Clone()};
}

Secret LaneState::Encode() const {
  ByteWriter header;
  header.Raw(kMagic).U8(kStateVersion).U8(static_cast<uint8_t>(side));
  header.Prefixed(initiator.text()).Prefixed(responder.text());
  header.U8(static_cast<uint8_t>(lanes.size()));
  size_t size = header.bytes().size() + kChecksumSize;
  for (const Lane& lane : lanes) {
    size += kLaneHeader + lane.tree.encoded_size();
  }
  SecretWriter writer(size);
  writer.Raw(header.bytes());
  for (const Lane& lane : lanes) {
    writer.Raw(lane.id.bytes()).Raw(lane.gate.view()).Raw(lane.stale.view());
    lane.tree.Encode(writer);
  }
  writer.Raw(Checksum(writer.written()));
  return std::move(writer).Take();
}

absl::StatusOr<LaneState> LaneState::Decode(absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  const bool magic = AsText(reader.Raw(kMagic.size())) == kMagic;
  const uint8_t version = reader.U8();
  if (!magic || version != kStateVersion) {
    return absl::InvalidArgumentError(
        "lane state: not of this version of skex");
  }
  if (reader.remaining() < kChecksumSize ||
      !EqualInConstantTime(Checksum(bytes.first(bytes.size() - kChecksumSize)),
                           bytes.last(kChecksumSize))) {
    return Damaged("its checksum does not match");
  }
  const uint8_t side = reader.U8();
  const absl::StatusOr<AgentId> initiator = AgentId::Parse(reader.Prefixed());
  const absl::StatusOr<AgentId> responder = AgentId::Parse(reader.Prefixed());
  const uint8_t count = reader.U8();
  if (!initiator.ok() || !responder.ok() ||
      side < static_cast<uint8_t>(LaneSide::kInitiator) ||
      side > static_cast<uint8_t>(LaneSide::kResponder) || count < 1 ||
      count > MostLanes(static_cast<LaneSide>(side))) {
    return Damaged("side, names or number of lanes");
  }
  LaneState state = {.side = static_cast<LaneSide>(side),
                     .initiator = *initiator,
                     .responder = *responder};
  for (uint8_t i = 0; i < count; ++i) {
    absl::StatusOr<Lane> lane = ReadLane(reader);
    if (!lane.ok()) return lane.status();
    state.lanes.push_back(*std::move(lane));
  }
  if (!reader.ok() || reader.remaining() != kChecksumSize) {
    return Damaged("its size does not match");
  }
  return state;
}

absl::Status ProvisionLane(LaneStorage* storage, LaneSide side,
                           const AgentId& initiator, const AgentId& responder,
                           LaneSecrets secrets) {
  const absl::Status there = storage->Load().status();
  if (there.ok()) {
    return absl::AlreadyExistsError(
        absl::StrCat("the lane from ", initiator.text(), " to ",
                     responder.text(), " is provisioned already"));
  }
  if (!absl::IsNotFound(there)) return there;
  LaneState state = {
      .side = side, .initiator = initiator, .responder = responder};
  state.lanes.push_back(Lane::Of(std::move(secrets)));
  return storage->Commit(state.Encode().view());
}

absl::StatusOr<LaneState> LoadLane(LaneStorage* storage, LaneSide side,
                                   const AgentId& initiator,
                                   const AgentId& responder) {
  const absl::StatusOr<Secret> bytes = storage->Load();
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<LaneState> state = LaneState::Decode(bytes->view());
  if (!state.ok()) return state.status();
  if (state->side != side || state->initiator != initiator ||
      state->responder != responder) {
    return absl::FailedPreconditionError(absl::StrCat(
        "lane state: of the lane from ", state->initiator.text(), " to ",
        state->responder.text(), ", or of its other end; want that from ",
        initiator.text(), " to ", responder.text()));
  }
  return state;
}

}  // namespace skex
