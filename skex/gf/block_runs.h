#ifndef SKEX_GF_BLOCK_RUNS_H_
#define SKEX_GF_BLOCK_RUNS_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "skex/gf/gf128.h"

namespace skex {

// BlockRuns cuts a byte string, given in pieces, into blocks of 16 bytes for
// Horner(). It copies only blocks that lie across the end of a piece; the
// others stay where they are, so every piece must outlive this object. Copied
// blocks are wiped. Allocates nothing.
class BlockRuns {
 public:
  static constexpr size_t kMaxPieces = 4;

  BlockRuns() = default;
  BlockRuns(const BlockRuns&) = delete;
  BlockRuns& operator=(const BlockRuns&) = delete;
  ~BlockRuns();

  // Appends `piece` to the string. The process ends on more than kMaxPieces.
  void Append(absl::Span<const uint8_t> piece);

  // Appends zero bytes up to the next block, none if the string ends there.
  void Pad();

  // The blocks, in order. An unfinished last block is left out.
  absl::Span<const absl::Span<const uint8_t>> runs() const {
    return {runs_, run_count_};
  }

 private:
  // Ends the block that is being copied.
  void CloseBlock();

  // A piece brings at most two runs, and begins at most one copied block.
  absl::Span<const uint8_t> runs_[2 * kMaxPieces];
  size_t run_count_ = 0;
  uint8_t copied_[kMaxPieces * Gf128::kSize];
  size_t copied_size_ = 0;
  size_t piece_count_ = 0;
  size_t open_ = 0;  // Bytes in an unfinished last copied block, or 0.
};

}  // namespace skex

#endif  // SKEX_GF_BLOCK_RUNS_H_
