#ifndef SKEX_RATCHET_PUNCTURABLE_TREE_H_
#define SKEX_RATCHET_PUNCTURABLE_TREE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/ratchet/secret_writer.h"

namespace skex {

// Bytes of a node, and so of a leaf.
inline constexpr size_t kTreeNodeSize = 32;
inline constexpr uint8_t kTreeDepth = 32;
// Leaves of a tree. Their indices have 32 bits, ends of ranges have 33.
inline constexpr uint64_t kTreeLeaves = uint64_t{1} << kTreeDepth;

// A leaf, with what was computed on the way down to it: from these Puncture()
// makes the siblings without walking again.
struct TreeLeaf {
  uint32_t index = 0;
  Secret bytes;               // kTreeNodeSize
  std::vector<Secret> above;  // from below the covering node to its parent
};

// PuncturableTree is a pseudo-random function on 32-bit indices that can forget
// single values: the tree of Goldreich, Goldwasser and Micali (1986) over
// HMAC-SHA-256, punctured as by Green and Miers (2015).
//
//   left child = HMAC(node, 0x00)      right child = HMAC(node, 0x01)
//
// It holds the highest nodes that cover exactly what is not punctured, in
// ascending order. Puncturing a leaf replaces the node above it by the siblings
// along the way down; from what is left the leaf cannot be computed. Punctured
// in order it holds at most kTreeDepth nodes.
//
// Move-only, as its secrets are. Thread-compatible.
class PuncturableTree {
 public:
  // More nodes than this are never held: beyond it the lowest are given up,
  // and with them their leaves. A user that punctures everything more than
  // 1024 below its highest punctured leaf stays under 546: of two neighbours
  // under one parent at most one is a node, and the rest is the co-path.
  static constexpr size_t kMostNodes = 1024;

  // Covers nothing.
  PuncturableTree() = default;
  // Covers all leaves under `root`, kTreeNodeSize bytes.
  explicit PuncturableTree(Secret root);

  PuncturableTree Clone() const;

  // Whether leaf `index` is not punctured.
  bool Covers(uint32_t index) const { return Find(index).has_value(); }

  // The leaf, at most 32 PRF calls away; changes nothing. NOT_FOUND if it is
  // punctured.
  absl::StatusOr<TreeLeaf> Evaluate(uint32_t index) const;

  // Forgets the leaf; returns the number of PRF calls. With what Evaluate()
  // returned, if nothing was punctured since, at most 32; else at most 64.
  size_t Puncture(const TreeLeaf& leaf);
  size_t Puncture(uint32_t index);

  // Forgets all leaves below `end`, 0..kTreeLeaves; returns the number of PRF
  // calls, at most 64.
  size_t PunctureBelow(uint64_t end);

  // The first leaf that is not punctured; kTreeLeaves if all are.
  uint64_t first() const {
    return nodes_.empty() ? kTreeLeaves : nodes_.front().first;
  }
  // The least index from which on nothing is punctured.
  uint64_t tail() const;

  size_t node_count() const { return nodes_.size(); }

  // u16 count | count * (u32 first leaf | u8 height | 32 bytes), ascending.
  size_t encoded_size() const;
  void Encode(SecretWriter& writer) const;

  // The reverse; what follows stays in `reader`. DATA_LOSS for anything that
  // no Encode() writes: nodes out of order, overlapping, not aligned, both
  // children of one parent, or more than kMostNodes.
  static absl::StatusOr<PuncturableTree> Decode(ByteReader& reader);

 private:
  struct Node {
    uint32_t first = 0;  // lowest leaf under it
    uint8_t height = 0;  // 0 is a leaf
    Secret key;
    uint64_t end() const { return first + (uint64_t{1} << height); }
  };

  // Whether `node` may follow what is in nodes_.
  bool MayFollow(const Node& node) const;
  // Where the node that covers `index` stands.
  std::optional<size_t> Find(uint32_t index) const;
  // Puts `left`, then `right` from its back, in the place of nodes_[at].
  void Replace(size_t at, std::vector<Node> left, std::vector<Node> right);

  std::vector<Node> nodes_;
};

}  // namespace skex

#endif  // SKEX_RATCHET_PUNCTURABLE_TREE_H_
