#ifndef SKEX_GF_BLOCK_RUNS_H_
#define SKEX_GF_BLOCK_RUNS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "skex/gf/gf128.h"

namespace skex {

// BlockRuns cuts a byte string, given in pieces, into blocks of 16 bytes for
// Horner(). It copies only blocks that lie across the end of a piece; the
// others stay where they are, so every piece must outlive this object. Copied
// blocks are wiped.
class BlockRuns {
 public:
  // `pieces` is the number of calls of Append() to come, at most.
  explicit BlockRuns(size_t pieces) { copied_.reserve(pieces); }
  BlockRuns(const BlockRuns&) = delete;
  BlockRuns& operator=(const BlockRuns&) = delete;
  ~BlockRuns();

  // Appends `piece` to the string.
  void Append(absl::Span<const uint8_t> piece);

  // Appends zero bytes up to the next block, none if the string ends there.
  void Pad();

  // The blocks, in order. An unfinished last block is left out.
  absl::Span<const absl::Span<const uint8_t>> runs() const { return runs_; }

 private:
  using Block = std::array<uint8_t, Gf128::kSize>;

  // Ends the block that is being copied.
  void CloseBlock();

  absl::InlinedVector<absl::Span<const uint8_t>, 8> runs_;
  // Never grows beyond what is reserved: `runs_` points into it.
  absl::InlinedVector<Block, 4> copied_;
  size_t open_ = 0;  // Bytes in an unfinished copied_.back(), or 0.
};

}  // namespace skex

#endif  // SKEX_GF_BLOCK_RUNS_H_
