#include "tlsbridge/byte_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tlsbridge {
namespace {

constexpr size_t kSmallest = 512;

// What an empty queue may keep; more is given back.
constexpr size_t kKeptWhenEmpty = 2048;

}  // namespace

void ByteQueue::Append(absl::Span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  Reserve(bytes.size());
  std::memcpy(bytes_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void ByteQueue::Consume(size_t size) {
  begin_ += std::min(size, end_ - begin_);
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (capacity_ > kKeptWhenEmpty) {
    bytes_.reset();
    capacity_ = 0;
  }
}

void ByteQueue::Reserve(size_t size) {
  if (capacity_ - end_ >= size) return;
  const size_t held = end_ - begin_;
  // Moving to the front pays only when it frees as much as it copies.
  if (begin_ >= held && capacity_ - held >= size) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
  } else {
    const size_t capacity = std::max({held + size, 2 * held, kSmallest});
    // Not zeroed: every byte is written before it is read.
    std::unique_ptr<uint8_t[]> bytes(new uint8_t[capacity]);
    if (held > 0) std::memcpy(bytes.get(), bytes_.get() + begin_, held);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = held;
}

}  // namespace tlsbridge
