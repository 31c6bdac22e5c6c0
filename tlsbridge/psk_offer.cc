#include "tlsbridge/psk_offer.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "skex/base/bytes.h"

namespace tlsbridge {
namespace {

constexpr uint16_t kTls13 = 0x0304;
constexpr uint16_t kHkdfSha256 = 1;
constexpr uint16_t kHkdfSha384 = 2;
constexpr size_t kSmallestBinder = 32;  // RFC 8446, section 4.2.11
constexpr size_t kSha384Size = 48;

// Returns whether `wire` is an ImportedIdentity that TLS 1.3 can use, and then
// fills `offer` with its parts.
bool TakeApart(absl::string_view wire, PskOffer& offer) {
  skex::ByteReader reader(skex::AsBytes(wire));
  const absl::string_view identity = reader.Prefixed();
  const absl::string_view context = reader.Prefixed();
  const uint16_t protocol = reader.U16();
  const uint16_t kdf = reader.U16();
  if (!reader.ok() || reader.remaining() != 0 || identity.empty() ||
      protocol != kTls13 || (kdf != kHkdfSha256 && kdf != kHkdfSha384)) {
    return false;
  }
  offer.form = skex::PskForm::kImported;
  offer.identity = std::string(identity);
  offer.context = std::string(context);
  return true;
}

absl::Status Malformed() {
  return absl::InvalidArgumentError("malformed pre_shared_key extension");
}

}  // namespace

absl::StatusOr<std::vector<PskOffer>> ParsePskOffers(
    absl::Span<const uint8_t> extension) {
  skex::ByteReader reader(extension);
  skex::ByteReader identities(skex::AsBytes(reader.Prefixed()));
  skex::ByteReader binders(skex::AsBytes(reader.Prefixed()));
  if (!reader.ok() || reader.remaining() != 0) return Malformed();

  std::vector<PskOffer> offers;
  while (identities.remaining() > 0) {
    const absl::string_view wire = identities.Prefixed();
    identities.U32();  // the age, which only tickets have
    const absl::Span<const uint8_t> binder = binders.Raw(binders.U8());
    if (!identities.ok() || !binders.ok() || wire.empty() ||
        binder.size() < kSmallestBinder) {
      return Malformed();
    }
    PskOffer offer;
    if (!TakeApart(wire, offer)) offer.identity = std::string(wire);
    if (binder.size() == kSha384Size) offer.hash = skex::PskHash::kSha384;
    offers.push_back(std::move(offer));
  }
  if (offers.empty() || binders.remaining() > 0) return Malformed();
  return offers;
}

}  // namespace tlsbridge
