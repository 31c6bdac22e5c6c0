#ifndef SKEX_DSKE_MESSAGES_H_
#define SKEX_DSKE_MESSAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/dske/offer.h"
#include "skex/pad/pad_layout.h"

namespace skex {

// The bodies of the exchange frames. All Parse() functions take the whole body
// and return INVALID_ARGUMENT for anything else than exactly one message.

// Deal and relay: an offer, then the masked share.
struct ShareMessage {
  Offer offer;
  std::string offer_bytes;  // as they came: what the responder groups by
  absl::Span<const uint8_t> masked;  // a view into the body; total_size() long

  static absl::StatusOr<ShareMessage> Parse(absl::Span<const uint8_t> body);
};

// Receipt: the responder has settled an exchange. The hub deletes the share and
// passes the confirmation on.
struct Receipt {
  AgentId initiator;
  ExchangeId exchange;
  std::string confirmation;

  std::string Encode() const;
  static absl::StatusOr<Receipt> Parse(absl::Span<const uint8_t> body);
};

// Confirm: a responder's confirmation, and which deal it answers.
struct ConfirmMessage {
  ExchangeId exchange;
  uint64_t deal_offset = 0;  // MAC slot of the initiator's deal
  std::string confirmation;

  std::string Encode() const;
  static absl::StatusOr<ConfirmMessage> Parse(absl::Span<const uint8_t> body);
};

// Notice: why a hub did not relay a deal. A hint: it ends nothing by itself.
enum class NoticeCode : uint8_t {
  kResponderAway = 1,     // enrolled, without a stream now
  kUnknownResponder = 2,  // not enrolled at this hub
  kNotAllowed = 3,        // the responder does not admit this initiator
  kOverloaded = 4,        // too many exchanges under way
  kQuota = 5,             // this pair's pad quota is used up
  kPadUsedUp = 6,         // the hub's pad with the responder has no more now
  kBadOffer = 7,          // not an offer that this hub may relay
};

// "responder away", ...
absl::string_view NoticeText(NoticeCode code);

struct Notice {
  ExchangeId exchange;
  uint64_t deal_offset = 0;
  NoticeCode code = NoticeCode::kBadOffer;

  std::string Encode() const;
  static absl::StatusOr<Notice> Parse(absl::Span<const uint8_t> body);
};

// Confirmation is what the responder tells the initiator end to end, opaque to
// the hubs: fields, then g + poly_f(fields) under the exchange's own (f, g).
struct Confirmation {
  ExchangeId exchange;
  AgentId initiator;
  AgentId responder;
  BootId responder_boot;
  PadSource source = PadSource::kGenerator;  // worst of the responder's pads
  uint16_t key_count = 0;                    // all keys of the exchange
  std::vector<HubId> inconsistent;           // hubs whose share did not fit

  // `key` is (f, g), 32 bytes.
  std::string Seal(absl::Span<const uint8_t> key) const;

  // DATA_LOSS if the tag does not verify, INVALID_ARGUMENT if it does and the
  // fields make no sense.
  static absl::StatusOr<Confirmation> Open(absl::Span<const uint8_t> key,
                                           absl::string_view bytes);
};

}  // namespace skex

#endif  // SKEX_DSKE_MESSAGES_H_
