#include "skex/gf/block_runs.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "absl/types/span.h"

namespace skex {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Counting(size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  return bytes;
}

Bytes Joined(const BlockRuns& blocks) {
  Bytes joined;
  for (absl::Span<const uint8_t> run : blocks.runs()) {
    EXPECT_EQ(run.size() % 16, 0u);
    joined.insert(joined.end(), run.begin(), run.end());
  }
  return joined;
}

TEST(BlockRunsTest, JoinsAnyThreePiecesAndPadsOnce) {
  const Bytes bytes = Counting(100);
  const absl::Span<const uint8_t> all = bytes;
  for (size_t size = 0; size <= 70; ++size) {
    Bytes padded(bytes.begin(), bytes.begin() + size);
    padded.resize((size + 15) / 16 * 16);
    for (size_t i = 0; i <= size; ++i) {
      for (size_t j = i; j <= size; ++j) {
        BlockRuns blocks;
        blocks.Append(all.first(i));
        blocks.Append(all.subspan(i, j - i));
        blocks.Append(all.subspan(j, size - j));
        blocks.Pad();
        ASSERT_EQ(Joined(blocks), padded) << size << " " << i << " " << j;
      }
    }
  }
}

TEST(BlockRunsTest, JoinsTinyPieces) {
  for (size_t size = 1; size <= 20; ++size) {
    const Bytes bytes = Counting(BlockRuns::kMaxPieces * size);
    Bytes padded = bytes;
    padded.resize((bytes.size() + 15) / 16 * 16);
    BlockRuns blocks;
    for (size_t i = 0; i < bytes.size(); i += size) {
      blocks.Append({&bytes[i], size});
    }
    blocks.Pad();
    EXPECT_EQ(Joined(blocks), padded) << size;
  }
}

TEST(BlockRunsTest, HoldsTheMostRunsThatPiecesBring) {
  const Bytes bytes = Counting(33);
  BlockRuns blocks;
  for (size_t i = 0; i < BlockRuns::kMaxPieces; ++i) {
    blocks.Append(bytes);
    blocks.Pad();
  }
  EXPECT_EQ(blocks.runs().size(), 2 * BlockRuns::kMaxPieces);
  EXPECT_EQ(Joined(blocks).size(), 48 * BlockRuns::kMaxPieces);
}

TEST(BlockRunsTest, PadsBetweenStrings) {
  const Bytes first = Counting(17), second = Counting(16);
  Bytes expected = first;
  expected.resize(32);
  expected.insert(expected.end(), second.begin(), second.end());
  BlockRuns blocks;
  blocks.Append(first);
  blocks.Pad();
  blocks.Append(second);
  blocks.Pad();
  EXPECT_EQ(Joined(blocks), expected);
}

TEST(BlockRunsTest, LeavesOutAnUnfinishedBlock) {
  const Bytes bytes = Counting(20);
  BlockRuns blocks;
  blocks.Append(bytes);
  EXPECT_EQ(Joined(blocks), Bytes(bytes.begin(), bytes.begin() + 16));
}

TEST(BlockRunsTest, DoesNotCopyWholeBlocks) {
  const Bytes bytes = Counting(64);
  BlockRuns blocks;
  blocks.Append(bytes);
  ASSERT_EQ(blocks.runs().size(), 1u);
  EXPECT_EQ(blocks.runs()[0].data(), bytes.data());
}

TEST(BlockRunsDeathTest, EndsTheProcessOnTooManyPieces) {
  BlockRuns blocks;
  for (size_t i = 0; i < BlockRuns::kMaxPieces; ++i) blocks.Append({});
  EXPECT_DEATH(blocks.Append({}), "");
}

}  // namespace
}  // namespace skex
