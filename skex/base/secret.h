#ifndef SKEX_BASE_SECRET_H_
#define SKEX_BASE_SECRET_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace skex {

// Overwrites `bytes` so that the compiler cannot drop the stores.
void Wipe(absl::Span<uint8_t> bytes);

// Returns whether two byte strings are equal, in time that depends on their
// lengths only. Strings of different length are unequal.
bool EqualInConstantTime(absl::Span<const uint8_t> a,
                         absl::Span<const uint8_t> b);

// Secret owns bytes that nobody else may see: keys, pad slices, shares. It is
// move-only, has a fixed size, is wiped when it is destroyed, moved from or
// assigned to, and offers neither comparison nor printing; compare with
// EqualInConstantTime() where a protocol needs it.
//
// Secret does not lock its memory: the process that holds it makes itself
// non-dumpable and decides about mlock.
//
// Thread-compatible.
class Secret {
 public:
  // An empty secret.
  Secret() = default;

  // `size` zero bytes, to be filled through mutable_view().
  static Secret OfSize(size_t size);

  // A copy of `bytes`. The caller keeps the duty to wipe the original.
  static Secret CopyOf(absl::Span<const uint8_t> bytes);

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // A second copy, for the rare owner that must keep one (a key from which
  // many PSKs are derived).
  Secret Clone() const { return CopyOf(view()); }

  // Wipes the bytes now and becomes empty.
  void Clear();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The bytes. Valid until this object is moved from, assigned or destroyed.
  absl::Span<const uint8_t> view() const { return {bytes_.get(), size_}; }
  absl::Span<uint8_t> mutable_view() { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
};

}  // namespace skex

#endif  // SKEX_BASE_SECRET_H_
