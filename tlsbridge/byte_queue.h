#ifndef TLSBRIDGE_BYTE_QUEUE_H_
#define TLSBRIDGE_BYTE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/types/span.h"
#include "tlsbridge/block_pool.h"

namespace tlsbridge {

// ByteQueue holds bytes on their way, in one piece: appended at the end,
// looked at and consumed at the front. It gives its memory back when it runs
// empty, so that an idle connection holds none. For public bytes: it does not
// wipe.
//
// Thread-compatible.
class ByteQueue {
 public:
  ByteQueue() = default;
  ~ByteQueue() { GiveBlock(std::move(block_)); }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  void Append(absl::Span<const uint8_t> bytes);

  // All bytes in the queue. Valid until the next call that is not const.
  absl::Span<const uint8_t> view() const {
    return {block_.bytes.get() + begin_, end_ - begin_};
  }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Makes room so that `size` bytes can be appended without copying.
  void Reserve(size_t size);

  // Drops the first `size` bytes, at most all.
  void Consume(size_t size);

  void Clear() { Consume(size()); }

 private:
  Block block_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace tlsbridge

#endif  // TLSBRIDGE_BYTE_QUEUE_H_
