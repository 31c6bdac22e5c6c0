#include "skex/gf/block_runs.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "skex/base/secret.h"

namespace skex {

BlockRuns::~BlockRuns() {
  if (copied_size_ != 0) Wipe({copied_, copied_size_});
}

void BlockRuns::Append(absl::Span<const uint8_t> piece) {
  if (++piece_count_ > kMaxPieces) std::abort();
  if (open_ != 0 && !piece.empty()) {
    const size_t count = std::min(Gf128::kSize - open_, piece.size());
    std::memcpy(copied_ + copied_size_ - Gf128::kSize + open_, piece.data(),
                count);
    open_ += count;
    piece.remove_prefix(count);
    if (open_ == Gf128::kSize) CloseBlock();
  }
  const size_t whole = piece.size() - piece.size() % Gf128::kSize;
  if (whole != 0) runs_[run_count_++] = piece.first(whole);
  piece.remove_prefix(whole);
  if (!piece.empty()) {
    uint8_t* block = copied_ + copied_size_;
    std::memset(block, 0, Gf128::kSize);
    std::memcpy(block, piece.data(), piece.size());
    copied_size_ += Gf128::kSize;
    open_ = piece.size();
  }
}

void BlockRuns::Pad() {
  if (open_ != 0) CloseBlock();
}

void BlockRuns::CloseBlock() {
  runs_[run_count_++] = {copied_ + copied_size_ - Gf128::kSize, Gf128::kSize};
  open_ = 0;
}

}  // namespace skex
