#ifndef SKEX_PAD_MASK_H_
#define SKEX_PAD_MASK_H_

#include <cstdint>

#include "absl/types/span.h"

namespace skex {

// One-time pad encryption and decryption, which are one: adds the pad bytes
// `otp` to `bytes`. The process ends unless both are equally long.
void Mask(absl::Span<uint8_t> bytes, absl::Span<const uint8_t> otp);

}  // namespace skex

#endif  // SKEX_PAD_MASK_H_
