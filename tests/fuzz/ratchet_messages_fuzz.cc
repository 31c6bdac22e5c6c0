// Every parser of skex/ratchet, on any bytes: none may crash, what one takes
// must come out of its encoder as it went in, and a tree that was read must
// forget what it is told to forget.

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/puncturable_tree.h"
#include "skex/ratchet/secret_writer.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

constexpr size_t kM1TagsSize = kRunTagSize + kGateTagSize;

Secret SomeKey(uint8_t byte) {
  Secret key = Secret::OfSize(kLaneKeySize);
  for (uint8_t& each : key.mutable_view()) each = byte;
  return key;
}

// `sealed` is `text` with other tags, which are the last `tags` bytes.
void RequireSame(absl::string_view sealed, absl::string_view text,
                 size_t tags) {
  Require(
      sealed.size() == text.size() && sealed.substr(0, sealed.size() - tags) ==
                                          text.substr(0, text.size() - tags),
      "a message is encoded as it was read");
}

void RequireType(absl::Span<const uint8_t> bytes, LaneMessageType type) {
  const absl::StatusOr<LaneMessageType> found = LaneMessageTypeOf(bytes);
  Require(found.ok() && *found == type, "a message has the type it parses as");
}

void ReadM1(absl::Span<const uint8_t> bytes) {
  const absl::StatusOr<M1Message> m1 = M1Message::Parse(bytes);
  if (!m1.ok()) return;
  RequireType(bytes, LaneMessageType::kM1);
  const std::string sealed = m1->Seal(SomeKey(1), SomeKey(2));
  RequireSame(sealed, AsText(bytes), kM1TagsSize);
  Require(
      AsText(bytes.last(kM1TagsSize).first(kRunTagSize)) == AsText(m1->tag) &&
          AsText(bytes.last(kGateTagSize)) == AsText(m1->gate),
      "the tags of M1 are read where they stand");
  const absl::StatusOr<M1Message> again = M1Message::Parse(AsBytes(sealed));
  Require(again.ok() && TagVerifies(*again, sealed, SomeKey(1)) &&
              GateVerifies(*again, sealed, SomeKey(2)),
          "a sealed M1 verifies");
}

void ReadM2(absl::Span<const uint8_t> bytes) {
  const absl::StatusOr<M2Message> m2 = M2Message::Parse(bytes);
  if (!m2.ok()) return;
  RequireType(bytes, LaneMessageType::kM2);
  const std::string sealed = m2->Seal(SomeKey(1), "M1");
  RequireSame(sealed, AsText(bytes), kRunTagSize);
  Require(AsText(bytes.last(kRunTagSize)) == AsText(m2->tag),
          "the tag of M2 is read where it stands");
  const absl::StatusOr<M2Message> again = M2Message::Parse(AsBytes(sealed));
  Require(again.ok() && TagVerifies(*again, sealed, SomeKey(1), "M1") &&
              !TagVerifies(*again, sealed, SomeKey(1), "another M1"),
          "a sealed M2 verifies with its M1");
}

void ReadStale(absl::Span<const uint8_t> bytes) {
  const absl::StatusOr<StaleMessage> stale = StaleMessage::Parse(bytes);
  if (!stale.ok()) return;
  RequireType(bytes, LaneMessageType::kStale);
  const std::string sealed = stale->Seal(SomeKey(1));
  RequireSame(sealed, AsText(bytes), kRunTagSize);
  Require(AsText(bytes.last(kRunTagSize)) == AsText(stale->tag),
          "the tag of STALE is read where it stands");
  const absl::StatusOr<StaleMessage> again =
      StaleMessage::Parse(AsBytes(sealed));
  Require(again.ok() && TagVerifies(*again, sealed, SomeKey(1)),
          "a sealed STALE verifies");
}

void ReadConfirm(absl::Span<const uint8_t> bytes) {
  const absl::StatusOr<LaneConfirmMessage> confirm =
      LaneConfirmMessage::Parse(bytes);
  if (!confirm.ok()) return;
  RequireType(bytes, LaneMessageType::kConfirm);
  const std::string sealed = confirm->Seal(SomeKey(1), "M1", "M2");
  RequireSame(sealed, AsText(bytes), kRunTagSize);
  Require(AsText(bytes.last(kRunTagSize)) == AsText(confirm->tag),
          "the tag of CONFIRM is read where it stands");
  const absl::StatusOr<LaneConfirmMessage> again =
      LaneConfirmMessage::Parse(AsBytes(sealed));
  Require(again.ok() && again->Seal(SomeKey(1), "M1", "M2") == sealed &&
              again->Seal(SomeKey(1), "M1", "another M2") != sealed,
          "a CONFIRM is one of its M1 and M2");
}

Secret Encoded(const PuncturableTree& tree) {
  SecretWriter writer(tree.encoded_size());
  tree.Encode(writer);
  Require(writer.written().size() == tree.encoded_size(),
          "the encoding of a tree has the size that was said");
  return std::move(writer).Take();
}

void RequireDecodes(const PuncturableTree& tree) {
  const Secret bytes = Encoded(tree);
  ByteReader reader(bytes.view());
  Require(PuncturableTree::Decode(reader).ok() && reader.remaining() == 0,
          "what is left of a tree can be read again");
}

// A tree that an attacker can have written, if he could write the medium.
void Forget(PuncturableTree tree) {
  if (tree.first() == kTreeLeaves) return;
  const auto index = static_cast<uint32_t>(tree.first());
  const absl::StatusOr<TreeLeaf> leaf = tree.Evaluate(index);
  Require(leaf.ok(), "the first leaf can be computed");
  tree.Puncture(*leaf);
  Require(!tree.Covers(index) && tree.first() > index,
          "a punctured leaf is gone");
  RequireDecodes(tree);
  const uint64_t end = std::min(
      tree.first() + (tree.tail() - tree.first()) / 2 + 1, kTreeLeaves);
  tree.PunctureBelow(end);
  Require(tree.first() >= end, "all leaves below the end are gone");
  RequireDecodes(tree);
}

void ReadTree(absl::Span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  absl::StatusOr<PuncturableTree> tree = PuncturableTree::Decode(reader);
  if (!tree.ok()) return;
  Require(tree->node_count() <= PuncturableTree::kMostNodes,
          "a tree has a bounded number of nodes");
  const Secret again = Encoded(*tree);
  Require(AsText(again.view()) ==
              AsText(bytes.first(bytes.size() - reader.remaining())),
          "a tree is encoded as it was read");
  Forget(*std::move(tree));
}

void ReadState(absl::Span<const uint8_t> bytes) {
  const absl::StatusOr<LaneState> state = LaneState::Decode(bytes);
  if (!state.ok()) return;
  Require(AsText(state->Encode().view()) == AsText(bytes),
          "the state of a lane is encoded as it was read");
}

// Without it no input but those of the corpus would get beyond the checksum.
void ReadStateWithChecksum(absl::Span<const uint8_t> bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  std::string state(AsText(bytes));
  state.append(digest.begin(), digest.end());
  ReadState(AsBytes(state));
}

}  // namespace
}  // namespace skex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::Span<const uint8_t> bytes = absl::MakeConstSpan(data, size);
  skex::ReadM1(bytes);
  skex::ReadM2(bytes);
  skex::ReadStale(bytes);
  skex::ReadConfirm(bytes);
  skex::ReadTree(bytes);
  skex::ReadState(bytes);
  skex::ReadStateWithChecksum(bytes);
  return 0;
}
