#include "tlsbridge/block_pool.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace tlsbridge {
namespace {

constexpr size_t kSmallest = 512;

// Smaller ones are as well off with malloc.
constexpr size_t kSmallestKept = 4096;
constexpr size_t kLargestKept = 512 * 1024;

thread_local std::array<Block, 8> spares;

// Whether a spare serves a wish for `capacity` bytes without waste.
bool Fits(const Block& spare, size_t capacity) {
  return spare.capacity >= capacity && spare.capacity / 4 <= capacity;
}

}  // namespace

Block TakeBlock(size_t capacity) {
  if (capacity >= kSmallestKept) {
    for (Block& spare : spares) {
      if (Fits(spare, capacity)) return std::exchange(spare, Block());
    }
  }
  Block block;
  block.capacity = capacity <= kLargestKept
                       ? std::max(kSmallest, std::bit_ceil(capacity))
                       : capacity;
  // Not zeroed: every byte is written before it is read.
  block.bytes.reset(new uint8_t[block.capacity]);
  return block;
}

void GiveBlock(Block block) {
  if (block.capacity < kSmallestKept || block.capacity > kLargestKept) return;
  for (Block& spare : spares) {
    if (spare.capacity == 0) {
      spare = std::move(block);
      return;
    }
  }
}

}  // namespace tlsbridge
