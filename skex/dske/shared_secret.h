#ifndef SKEX_DSKE_SHARED_SECRET_H_
#define SKEX_DSKE_SHARED_SECRET_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "skex/base/secret.h"
#include "skex/dske/offer.h"
#include "skex/psk/key.h"

namespace skex {

// The secret of an exchange as a flat string, laid out as ShareLayout says:
// what the initiator deals and what k shares give back.

// The tags of all keys. The tagged message of a key is its context, then f, g
// and v: with (f, g) under every tag no hub can bend the confirmation key and
// leave the keys intact. `secret` has LayoutOf(offer).total_size() bytes; the
// tags that `offer` may hold already are not read, only their number.
std::vector<KeyTagBytes> ComputeKeyTags(const Offer& offer,
                                        absl::Span<const uint8_t> secret);

// Whether every tag of the offer is the secret's. Stops at the first that is
// not; the comparison itself is in constant time.
bool KeyTagsVerify(const Offer& offer, absl::Span<const uint8_t> secret);

// (f, g): the one-time key of the confirmation.
absl::Span<const uint8_t> ConfirmationKey(const Offer& offer,
                                          absl::Span<const uint8_t> secret);

// The keys themselves, copied out.
std::vector<Key> ExtractKeys(const Offer& offer,
                             absl::Span<const uint8_t> secret,
                             const BootId& responder_boot,
                             PadSource responder_source);

}  // namespace skex

#endif  // SKEX_DSKE_SHARED_SECRET_H_
