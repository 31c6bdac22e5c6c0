#ifndef TLSBRIDGE_BLOCK_POOL_H_
#define TLSBRIDGE_BLOCK_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tlsbridge {

// A piece of memory with undefined contents.
struct Block {
  std::unique_ptr<uint8_t[]> bytes;
  size_t capacity = 0;
};

// Blocks that come and go with every burst of traffic. A thread keeps a few of
// them, at most 4 MiB, for all of its connections: memory fresh from the system
// costs more, page by page, than encrypting what is put into it.

// Returns a block of at least `capacity` bytes.
Block TakeBlock(size_t capacity);

// Takes a block back, from this or another thread.
void GiveBlock(Block block);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_BLOCK_POOL_H_
