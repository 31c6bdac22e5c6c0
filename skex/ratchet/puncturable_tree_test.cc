#include "skex/ratchet/puncturable_tree.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

using absl::StatusCode;

// The vectors come from a second implementation, with Python's hashlib and
// hmac only:
//   def leaf(i):
//     n = bytes(range(32))
//     for h in reversed(range(32)):
//       n = hmac.new(n, bytes([i >> h & 1]), 'sha256').digest()
//     return n
struct Vector {
  uint32_t index;
  const char* leaf;
};
constexpr Vector kVectors[] = {
    {0x0u,
     "0ed224873e03a4eaff3263dce03010d8"
     "1876fbba52e8471510a81f3ff99f3244"},
    {0x1u,
     "cd0dd7ade02419f91be694a2b3e58fd7"
     "4211ee3a5a3e5e4bdba9b4d11bd206e4"},
    {0x3ffu,
     "45b506a557d1bee08d3f9a3540d34a6f"
     "eb80d9c027cafb6af6aea100da162fd4"},
    {0x12345678u,
     "2090fc6cfe08722b01d23bdb0d6e7e28"
     "bc445f1bb192f4c99611502f9edb7280"},
    {0xfffffffeu,
     "f7c23c70d4fe59858c4ccd2ee3fcf57d"
     "3b177e36a52025084e6cb9d227102569"},
    {0xffffffffu,
     "4d14bf54367c07a01469a382c2574004"
     "cf9bdd5cf2135773b4f34abdf0abc0b6"},
};

Secret CountingRoot() {
  Secret root = Secret::OfSize(kTreeNodeSize);
  for (uint8_t i = 0; i < kTreeNodeSize; ++i) root.mutable_view()[i] = i;
  return root;
}

PuncturableTree FullTree() { return PuncturableTree(CountingRoot()); }

std::string Hex(const Secret& secret) {
  return absl::BytesToHexString(AsText(secret.view()));
}

std::string LeafHex(const PuncturableTree& tree, uint32_t index) {
  const absl::StatusOr<TreeLeaf> leaf = tree.Evaluate(index);
  return leaf.ok() ? Hex(leaf->bytes) : std::string(leaf.status().message());
}

Secret Encoded(const PuncturableTree& tree) {
  SecretWriter writer(tree.encoded_size());
  tree.Encode(writer);
  return std::move(writer).Take();
}

StatusCode DecodeCode(absl::string_view bytes) {
  ByteReader reader(AsBytes(bytes));
  return PuncturableTree::Decode(reader).status().code();
}

TEST(PuncturableTreeTest, LeavesMatchTheirVectors) {
  const PuncturableTree tree = FullTree();
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(LeafHex(tree, vector.index), vector.leaf) << vector.index;
  }
}

TEST(PuncturableTreeTest, EvaluatingChangesNothing) {
  PuncturableTree tree = FullTree();
  tree.Puncture(77u);
  const std::string before = Hex(Encoded(tree));
  ASSERT_TRUE(tree.Evaluate(76).ok());
  EXPECT_EQ(Hex(Encoded(tree)), before);
}

TEST(PuncturableTreeTest, PuncturedLeafIsNotFoundAndAllOthersAreTheSame) {
  const PuncturableTree full = FullTree();
  for (const Vector& vector : kVectors) {
    PuncturableTree tree = FullTree();
    tree.Puncture(vector.index);
    EXPECT_FALSE(tree.Covers(vector.index));
    EXPECT_EQ(tree.Evaluate(vector.index).status().code(),
              StatusCode::kNotFound);
    EXPECT_EQ(tree.node_count(), 32u);
    for (int bit = 0; bit < 32; ++bit) {
      const uint32_t other = vector.index ^ (1u << bit);
      EXPECT_EQ(LeafHex(tree, other), LeafHex(full, other));
    }
  }
}

TEST(PuncturableTreeTest, PuncturingTwiceDoesNothing) {
  PuncturableTree tree = FullTree();
  tree.Puncture(5u);
  const std::string before = Hex(Encoded(tree));
  EXPECT_EQ(tree.Puncture(5u), 0u);
  EXPECT_EQ(Hex(Encoded(tree)), before);
}

TEST(PuncturableTreeTest, LeafEvaluatedBeforeAnotherPunctureStillPunctures) {
  PuncturableTree tree = FullTree();
  const TreeLeaf stale = *tree.Evaluate(6);
  tree.Puncture(7u);
  tree.Puncture(stale);
  PuncturableTree same = FullTree();
  same.Puncture(7u);
  same.Puncture(6u);
  EXPECT_EQ(Hex(Encoded(tree)), Hex(Encoded(same)));
}

TEST(PuncturableTreeTest, NoNodeLeadsToAPuncturedLeaf) {
  PuncturableTree tree = FullTree();
  tree.Puncture(1000u);
  // All nodes on the way from the root down to the leaf.
  std::set<std::string> on_the_way = {Hex(CountingRoot())};
  const TreeLeaf leaf = *FullTree().Evaluate(1000);
  on_the_way.insert(Hex(leaf.bytes));
  for (const Secret& node : leaf.above) on_the_way.insert(Hex(node));
  ASSERT_EQ(on_the_way.size(), 33u);
  const std::string held = Hex(Encoded(tree));
  for (const std::string& node : on_the_way) {
    EXPECT_EQ(held.find(node), std::string::npos);
  }
}

TEST(PuncturableTreeTest, PuncturedInOrderItHoldsAtMostDepthNodes) {
  PuncturableTree tree = FullTree();
  for (uint32_t i = 0; i < 5000; ++i) {
    tree.Puncture(i);
    ASSERT_LE(tree.node_count(), 32u);
    ASSERT_EQ(tree.tail(), i + 1);
    ASSERT_EQ(tree.first(), i + 1);
  }
}

TEST(PuncturableTreeTest, WindowOfLostLeavesStaysUnderItsBound) {
  PuncturableTree tree = FullTree();
  size_t most = 0;
  for (uint32_t i = 0; i < 8000; i += 2) {
    tree.Puncture(i);
    if (i > 1024) tree.PunctureBelow(i - 1024);
    most = std::max(most, tree.node_count());
  }
  EXPECT_LT(most, 546u);
  EXPECT_GT(most, 500u);
}

TEST(PuncturableTreeTest, BeyondTheMostNodesTheLowestAreGivenUp) {
  PuncturableTree tree = FullTree();
  for (uint32_t i = 0; i < 4000; i += 2) tree.Puncture(i);
  EXPECT_EQ(tree.node_count(), PuncturableTree::kMostNodes);
  EXPECT_FALSE(tree.Covers(1));
  EXPECT_TRUE(tree.Covers(3997));
  EXPECT_TRUE(tree.Covers(0xffffffff));
  EXPECT_EQ(DecodeCode(AsText(Encoded(tree).view())), StatusCode::kOk);
}

TEST(PuncturableTreeTest, NoStepTakesMoreThanTwiceItsDepth) {
  std::mt19937 random(7);
  size_t total = 0;
  for (int i = 0; i < 200; ++i) {
    PuncturableTree tree = FullTree();
    const uint32_t from = random() >> 1;
    tree.PunctureBelow(from);
    const size_t calls = tree.Puncture(from + 1000000);
    EXPECT_LE(calls, 64u);
    total += calls;
    EXPECT_LE(tree.PunctureBelow(from + uint64_t{random() >> 1}), 64u);
  }
  // Two for each level below the node that covers the leaf: 19 levels that fit
  // into the gap, and 1.9 that may.
  EXPECT_NEAR(static_cast<double>(total) / 200, 41.8, 2);
}

TEST(PuncturableTreeTest, PuncturingBelowCoversExactlyTheRest) {
  for (const uint64_t end :
       {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{1024},
        uint64_t{0x12345678}, uint64_t{0x80000000}, uint64_t{0xffffffff}}) {
    PuncturableTree tree = FullTree();
    EXPECT_LE(tree.PunctureBelow(end), 64u);
    EXPECT_EQ(tree.first(), end);
    EXPECT_EQ(tree.tail(), end);
    EXPECT_LE(tree.node_count(), 32u);
    EXPECT_EQ(LeafHex(tree, static_cast<uint32_t>(end)),
              LeafHex(FullTree(), static_cast<uint32_t>(end)));
  }
}

TEST(PuncturableTreeTest, PuncturingEverythingLeavesNothing) {
  PuncturableTree tree = FullTree();
  tree.PunctureBelow(kTreeLeaves);
  EXPECT_EQ(tree.node_count(), 0u);
  EXPECT_EQ(tree.first(), kTreeLeaves);
  EXPECT_EQ(tree.tail(), kTreeLeaves);
  EXPECT_FALSE(tree.Covers(0xffffffff));
  EXPECT_EQ(DecodeCode(AsText(Encoded(tree).view())), StatusCode::kOk);
}

TEST(PuncturableTreeTest, TailIsBehindTheHighestPuncturedLeaf) {
  PuncturableTree tree = FullTree();
  EXPECT_EQ(tree.tail(), 0u);
  tree.Puncture(10u);
  EXPECT_EQ(tree.tail(), 11u);
  tree.Puncture(3u);
  EXPECT_EQ(tree.tail(), 11u);
  tree.Puncture(0xffffffffu);
  EXPECT_EQ(tree.tail(), kTreeLeaves);
}

// Random steps against a set of punctured leaves. Small indices, so that steps
// meet; and the far end, where nothing may wrap around.
class PuncturableTreePropertyTest : public testing::TestWithParam<uint32_t> {};

TEST_P(PuncturableTreePropertyTest, AgreesWithANaiveModel) {
  constexpr uint32_t kSpan = 300;
  for (const uint32_t base : {0u, 0x7fffff80u, 0xffffffffu - kSpan + 1}) {
    SCOPED_TRACE(testing::Message()
                 << "seed " << GetParam() << " base " << base);
    std::mt19937 random(GetParam());
    PuncturableTree tree = FullTree();
    std::map<uint32_t, std::string> model;  // what is not punctured
    for (uint32_t i = 0; i < kSpan; ++i) {
      model[base + i] = LeafHex(tree, base + i);
    }
    for (int step = 0; step < 120; ++step) {
      const uint32_t index = base + random() % kSpan;
      if (random() % 8 == 0) {
        // Rarely far ahead.
        const uint32_t end = base + random() % (step + 1);
        tree.PunctureBelow(end);
        model.erase(model.begin(), model.lower_bound(end));
      } else {
        tree.Puncture(index);
        model.erase(index);
      }
      if (random() % 4 == 0) {
        const Secret bytes = Encoded(tree);
        ByteReader reader(bytes.view());
        tree = *PuncturableTree::Decode(reader);
        ASSERT_TRUE(reader.Finish("tree").ok());
      }
    }
    for (uint32_t i = 0; i < kSpan; ++i) {
      const auto kept = model.find(base + i);
      ASSERT_EQ(tree.Covers(base + i), kept != model.end()) << i;
      if (kept != model.end()) {
        ASSERT_EQ(LeafHex(tree, base + i), kept->second);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PuncturableTreePropertyTest,
                         testing::Range(1u, 13u));

TEST(PuncturableTreeCodecTest, RoundTrips) {
  PuncturableTree tree = FullTree();
  tree.Puncture(5u);
  tree.Puncture(9u);
  tree.PunctureBelow(3);
  const Secret bytes = Encoded(tree);
  ByteReader reader(bytes.view());
  const absl::StatusOr<PuncturableTree> decoded =
      PuncturableTree::Decode(reader);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_TRUE(reader.Finish("tree").ok());
  EXPECT_EQ(Hex(Encoded(*decoded)), Hex(bytes));
}

TEST(PuncturableTreeCodecTest, EveryTruncationIsDataLoss) {
  PuncturableTree tree = FullTree();
  tree.Puncture(5u);
  const std::string bytes(AsText(Encoded(tree).view()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeCode(bytes.substr(0, size)), StatusCode::kDataLoss) << size;
  }
}

// One node as bytes; its key is zeros.
std::string NodeBytes(uint32_t first, uint8_t height) {
  ByteWriter writer;
  writer.U32(first).U8(height).Raw(std::string(kTreeNodeSize, '\0'));
  return std::move(writer).Take();
}

std::string TreeBytes(std::initializer_list<std::string> nodes) {
  ByteWriter writer;
  writer.U16(static_cast<uint16_t>(nodes.size()));
  for (const std::string& node : nodes) writer.Raw(node);
  return std::move(writer).Take();
}

TEST(PuncturableTreeCodecTest, NodesThatNoTreeHoldsAreDataLoss) {
  EXPECT_EQ(DecodeCode(TreeBytes({NodeBytes(1, 0), NodeBytes(2, 1)})),
            StatusCode::kOk);
  const std::string bad[] = {
      TreeBytes({NodeBytes(0, 33)}),                   // too high
      TreeBytes({NodeBytes(0, 255)}),                  //
      TreeBytes({NodeBytes(1, 1)}),                    // not aligned
      TreeBytes({NodeBytes(1, 32)}),                   //
      TreeBytes({NodeBytes(2, 1), NodeBytes(1, 0)}),   // out of order
      TreeBytes({NodeBytes(1, 0), NodeBytes(1, 0)}),   // twice
      TreeBytes({NodeBytes(0, 2), NodeBytes(3, 0)}),   // overlapping
      TreeBytes({NodeBytes(0, 32), NodeBytes(3, 0)}),  //
      TreeBytes({NodeBytes(2, 0), NodeBytes(3, 0)}),   // both children
  };
  for (const std::string& bytes : bad) {
    EXPECT_EQ(DecodeCode(bytes), StatusCode::kDataLoss)
        << absl::BytesToHexString(bytes.substr(0, 10));
  }
}

TEST(PuncturableTreeCodecTest, MoreThanTheMostNodesIsDataLoss) {
  ByteWriter writer;
  writer.U16(PuncturableTree::kMostNodes + 1);
  for (uint32_t i = 0; i <= PuncturableTree::kMostNodes; ++i) {
    writer.Raw(NodeBytes(2 * i, 0));
  }
  EXPECT_EQ(DecodeCode(writer.bytes()), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace skex
