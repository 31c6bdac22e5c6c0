// Feeds bytes to the reader of the pre_shared_key extension.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/types/span.h"
#include "tlsbridge/psk_offer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto offers =
      tlsbridge::ParsePskOffers(absl::Span<const uint8_t>(data, size));
  if (!offers.ok()) return 0;
  // What was accepted is not empty, and took its bytes from the input.
  size_t bytes = 0;
  for (const tlsbridge::PskOffer& offer : *offers) {
    if (offer.identity.empty()) std::abort();
    bytes += offer.identity.size() + offer.context.size();
  }
  if (offers->empty() || bytes > size) std::abort();
  return 0;
}
