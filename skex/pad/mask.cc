#include "skex/pad/mask.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace skex {

void Mask(absl::Span<uint8_t> bytes, absl::Span<const uint8_t> otp) {
  if (bytes.size() != otp.size()) std::abort();
  uint8_t* out = bytes.data();
  const uint8_t* in = otp.data();
  size_t left = bytes.size();
  // In words: shares are long and come in elements of 16 bytes.
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t)) {
    uint64_t a, b;
    std::memcpy(&a, out, sizeof(a));
    std::memcpy(&b, in, sizeof(b));
    a ^= b;
    std::memcpy(out, &a, sizeof(a));
    out += sizeof(a);
    in += sizeof(b);
  }
  for (; left > 0; --left) *out++ ^= *in++;
}

}  // namespace skex
