#ifndef TLSBRIDGE_BYTE_QUEUE_H_
#define TLSBRIDGE_BYTE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"

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
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  void Append(absl::Span<const uint8_t> bytes);

  // All bytes in the queue. Valid until the next call that is not const.
  absl::Span<const uint8_t> view() const {
    return {bytes_.get() + begin_, end_ - begin_};
  }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Drops the first `size` bytes, at most all.
  void Consume(size_t size);

  void Clear() { Consume(size()); }

 private:
  // Makes room for `size` more bytes behind end_.
  void Reserve(size_t size);

  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace tlsbridge

#endif  // TLSBRIDGE_BYTE_QUEUE_H_
