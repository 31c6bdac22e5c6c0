#ifndef TLSBRIDGE_PSK_OFFER_H_
#define TLSBRIDGE_PSK_OFFER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "skex/psk/psk.h"

namespace tlsbridge {

// One identity that a client offers, as far as the wire tells what it is.
struct PskOffer {
  std::string identity;  // external identity
  std::string context;   // imported only; the client's word, never trusted
  skex::PskForm form = skex::PskForm::kRaw;
  skex::PskHash hash = skex::PskHash::kSha256;  // of the binder

  friend bool operator==(const PskOffer&, const PskOffer&) = default;
};

// Reads the body of a ClientHello's pre_shared_key extension (RFC 8446,
// section 4.2.11): the identities in the client's order. An identity that is an
// ImportedIdentity for TLS 1.3 (RFC 9258, section 5.1) is taken apart; any
// other is a raw one. Returns INVALID_ARGUMENT if the extension is malformed.
absl::StatusOr<std::vector<PskOffer>> ParsePskOffers(
    absl::Span<const uint8_t> extension);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_PSK_OFFER_H_
