#include "skex/ratchet/puncturable_tree.h"

#include <openssl/digest.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace skex {
namespace {

constexpr size_t kNodeHeader = 5;

// The pseudo-random function. One object for a whole way down: most of what a
// call costs beside SHA-256 is to set its context up.
class Children {
 public:
  Secret Of(const Secret& node, uint8_t side) {
    Secret child = Secret::OfSize(kTreeNodeSize);
    unsigned size = 0;
    HMAC_Init_ex(hmac_.get(), node.view().data(), node.size(), EVP_sha256(),
                 nullptr);
    HMAC_Update(hmac_.get(), &side, 1);
    HMAC_Final(hmac_.get(), child.mutable_view().data(), &size);
    return child;
  }

 private:
  bssl::ScopedHMAC_CTX hmac_;
};

// Which child of the node of height + 1 leads to `index`.
uint8_t SideOf(uint32_t index, uint8_t height) { return index >> height & 1; }

// The lowest leaf under the sibling of height `height` on the way to `index`.
uint32_t SiblingFirst(uint32_t index, uint8_t height) {
  return ((index >> height) ^ 1) << height;
}

}  // namespace

PuncturableTree::PuncturableTree(Secret root) {
  nodes_.push_back({0, kTreeDepth, std::move(root)});
}

PuncturableTree PuncturableTree::Clone() const {
  PuncturableTree copy;
  copy.nodes_.reserve(nodes_.size());
  for (const Node& node : nodes_) {
    copy.nodes_.push_back({node.first, node.height, node.key.Clone()});
  }
  return copy;
}

std::optional<size_t> PuncturableTree::Find(uint32_t index) const {
  auto after = std::upper_bound(
      nodes_.begin(), nodes_.end(), index,
      [](uint32_t value, const Node& node) { return value < node.first; });
  if (after == nodes_.begin()) return std::nullopt;
  const auto node = std::prev(after);
  if (index >= node->end()) return std::nullopt;
  return static_cast<size_t>(node - nodes_.begin());
}

absl::StatusOr<TreeLeaf> PuncturableTree::Evaluate(uint32_t index) const {
  const std::optional<size_t> at = Find(index);
  if (!at.has_value()) {
    return absl::NotFoundError(absl::StrCat("leaf ", index, " is punctured"));
  }
  const Node& node = nodes_[*at];
  TreeLeaf leaf = {.index = index, .bytes = node.key.Clone()};
  leaf.above.reserve(node.height);
  Children children;
  for (uint8_t height = node.height; height-- > 0;) {
    Secret child = children.Of(leaf.bytes, SideOf(index, height));
    if (height + 1 < node.height) leaf.above.push_back(std::move(leaf.bytes));
    leaf.bytes = std::move(child);
  }
  return leaf;
}

size_t PuncturableTree::Puncture(const TreeLeaf& leaf) {
  const std::optional<size_t> at = Find(leaf.index);
  if (!at.has_value()) return 0;
  const Node& top = nodes_[*at];
  // The way down as it is now, should the tree have changed since.
  if (top.height > 0 && leaf.above.size() + 1 != top.height) {
    return Puncture(leaf.index);
  }
  std::vector<Node> left;
  std::vector<Node> right;
  Children children;
  for (uint8_t height = top.height; height-- > 0;) {
    const size_t depth = static_cast<size_t>(top.height - height - 1);
    const Secret& parent = depth == 0 ? top.key : leaf.above[depth - 1];
    const uint8_t side = SideOf(leaf.index, height);
    (side == 1 ? left : right)
        .push_back({SiblingFirst(leaf.index, height), height,
                    children.Of(parent, side ^ 1)});
  }
  const size_t calls = left.size() + right.size();
  Replace(*at, std::move(left), std::move(right));
  return calls;
}

size_t PuncturableTree::Puncture(uint32_t index) {
  const absl::StatusOr<TreeLeaf> leaf = Evaluate(index);
  if (!leaf.ok()) return 0;
  const size_t height = nodes_[*Find(index)].height;
  return height + Puncture(*leaf);
}

size_t PuncturableTree::PunctureBelow(uint64_t end) {
  const auto kept =
      std::find_if(nodes_.begin(), nodes_.end(),
                   [end](const Node& node) { return node.end() > end; });
  nodes_.erase(nodes_.begin(), kept);
  if (nodes_.empty() || nodes_.front().first >= end) return 0;
  // The first node reaches over `end`: of it the right part of the way down
  // to `end` stays.
  std::vector<Node> right;
  Secret key = nodes_.front().key.Clone();
  const uint32_t boundary = static_cast<uint32_t>(end);
  size_t calls = 0;
  Children children;
  for (uint8_t height = nodes_.front().height; height-- > 0;) {
    if (SideOf(boundary, height) == 0) {
      right.push_back(
          {SiblingFirst(boundary, height), height, children.Of(key, 1)});
      key = children.Of(key, 0);
      calls += 2;
    } else {
      key = children.Of(key, 1);
      calls += 1;
    }
    // All of what is under `key` stays when `end` is its first leaf.
    if ((end & ((uint64_t{1} << height) - 1)) == 0) {
      right.push_back({boundary, height, std::move(key)});
      break;
    }
  }
  Replace(0, {}, std::move(right));
  return calls;
}

void PuncturableTree::Replace(size_t at, std::vector<Node> left,
                              std::vector<Node> right) {
  left.insert(left.end(), std::make_move_iterator(right.rbegin()),
              std::make_move_iterator(right.rend()));
  const auto behind = nodes_.erase(nodes_.begin() + static_cast<ptrdiff_t>(at));
  nodes_.insert(behind, std::make_move_iterator(left.begin()),
                std::make_move_iterator(left.end()));
  if (nodes_.size() > kMostNodes) {
    nodes_.erase(nodes_.begin(),
                 nodes_.end() - static_cast<ptrdiff_t>(kMostNodes));
  }
}

uint64_t PuncturableTree::tail() const {
  uint64_t tail = kTreeLeaves;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (node->end() != tail) break;
    tail = node->first;
  }
  return tail;
}

size_t PuncturableTree::encoded_size() const {
  return 2 + nodes_.size() * (kNodeHeader + kTreeNodeSize);
}

void PuncturableTree::Encode(SecretWriter& writer) const {
  writer.U16(static_cast<uint16_t>(nodes_.size()));
  for (const Node& node : nodes_) {
    writer.U32(node.first).U8(node.height).Raw(node.key.view());
  }
}

bool PuncturableTree::MayFollow(const Node& node) const {
  if (node.height > kTreeDepth ||
      (node.first & ((uint64_t{1} << node.height) - 1)) != 0) {
    return false;
  }
  if (nodes_.empty()) return true;
  const Node& last = nodes_.back();
  if (node.first < last.end()) return false;
  // Both children of one parent are the parent.
  return node.height != last.height || node.first != last.end() ||
         SideOf(node.first, node.height) == 0;
}

absl::StatusOr<PuncturableTree> PuncturableTree::Decode(ByteReader& reader) {
  const size_t count = reader.U16();
  if (!reader.ok() || count > kMostNodes ||
      reader.remaining() < count * (kNodeHeader + kTreeNodeSize)) {
    return absl::DataLossError("tree: cut short, or too many nodes");
  }
  PuncturableTree tree;
  tree.nodes_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    Node node;
    node.first = reader.U32();
    node.height = reader.U8();
    node.key = Secret::CopyOf(reader.Raw(kTreeNodeSize));
    if (!tree.MayFollow(node)) {
      return absl::DataLossError(
          absl::StrCat("tree: node ", i, " is not where one can be"));
    }
    tree.nodes_.push_back(std::move(node));
  }
  return tree;
}

}  // namespace skex
