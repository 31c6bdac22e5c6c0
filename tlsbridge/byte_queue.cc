#include "tlsbridge/byte_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tlsbridge {

void ByteQueue::Append(absl::Span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  Reserve(bytes.size());
  std::memcpy(block_.bytes.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void ByteQueue::Consume(size_t size) {
  begin_ += std::min(size, end_ - begin_);
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  GiveBlock(std::exchange(block_, Block()));
}

void ByteQueue::Reserve(size_t size) {
  if (block_.capacity - end_ >= size) return;
  const size_t held = end_ - begin_;
  // Moving to the front pays only when it frees as much as it copies.
  if (begin_ >= held && block_.capacity - held >= size) {
    std::memmove(block_.bytes.get(), block_.bytes.get() + begin_, held);
  } else {
    Block larger = TakeBlock(std::max(held + size, 2 * held));
    if (held > 0) {
      std::memcpy(larger.bytes.get(), block_.bytes.get() + begin_, held);
    }
    GiveBlock(std::exchange(block_, std::move(larger)));
  }
  begin_ = 0;
  end_ = held;
}

}  // namespace tlsbridge
