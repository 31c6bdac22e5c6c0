#include "skex/gf/block_runs.h"

#include <algorithm>
#include <cstdlib>

#include "skex/base/secret.h"

namespace skex {

BlockRuns::~BlockRuns() {
  for (Block& block : copied_) Wipe(absl::MakeSpan(block));
}

void BlockRuns::Append(absl::Span<const uint8_t> piece) {
  if (open_ != 0) {
    const size_t count = std::min(Gf128::kSize - open_, piece.size());
    std::copy_n(piece.begin(), count, copied_.back().begin() + open_);
    open_ += count;
    piece.remove_prefix(count);
    if (open_ == Gf128::kSize) CloseBlock();
  }
  const size_t whole = piece.size() - piece.size() % Gf128::kSize;
  if (whole != 0) runs_.push_back(piece.first(whole));
  piece.remove_prefix(whole);
  if (!piece.empty()) {
    if (copied_.size() == copied_.capacity()) std::abort();
    copied_.push_back(Block{});
    std::copy(piece.begin(), piece.end(), copied_.back().begin());
    open_ = piece.size();
  }
}

void BlockRuns::Pad() {
  if (open_ != 0) CloseBlock();
}

void BlockRuns::CloseBlock() {
  runs_.push_back(copied_.back());
  open_ = 0;
}

}  // namespace skex
