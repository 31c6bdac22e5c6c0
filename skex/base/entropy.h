#ifndef SKEX_BASE_ENTROPY_H_
#define SKEX_BASE_ENTROPY_H_

#include <cstdint>

#include "absl/types/span.h"

namespace skex {

// Where random bytes come from: the operating system in a daemon, a seed in a
// test. Filling cannot fail: a process whose source fails must end.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(absl::Span<uint8_t> out) = 0;
};

// A fresh random identifier (ExchangeId, BootId, TableId, Nonce).
template <class Id>
Id RandomId(Entropy& entropy) {
  Id id;
  entropy.Fill(id.mutable_bytes());
  return id;
}

}  // namespace skex

#endif  // SKEX_BASE_ENTROPY_H_
