#include "skex/dske/messages.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/mac/one_time_mac.h"

namespace skex {
namespace {

constexpr absl::string_view kConfirmLabel = "skex confirm";

}  // namespace

absl::StatusOr<ShareMessage> ShareMessage::Parse(
    absl::Span<const uint8_t> body) {
  ByteReader reader(body);
  absl::StatusOr<Offer> offer = Offer::Parse(reader);
  if (!offer.ok()) return offer.status();
  const size_t offer_size = body.size() - reader.remaining();
  ShareMessage message = {.offer = *std::move(offer)};
  message.offer_bytes = std::string(AsText(body.first(offer_size)));
  message.masked = reader.Raw(LayoutOf(message.offer).total_size());
  absl::Status status = reader.Finish("share");
  if (!status.ok()) return status;
  return message;
}

std::string Receipt::Encode() const {
  ByteWriter writer;
  writer.Prefixed(initiator.text()).Raw(exchange.bytes());
  writer.Prefixed(confirmation);
  return std::move(writer).Take();
}

absl::StatusOr<Receipt> Receipt::Parse(absl::Span<const uint8_t> body) {
  ByteReader reader(body);
  absl::StatusOr<AgentId> initiator = AgentId::Parse(reader.Prefixed());
  if (!initiator.ok()) return initiator.status();
  Receipt receipt = {.initiator = *std::move(initiator)};
  receipt.exchange = reader.Id16<ExchangeId>();
  receipt.confirmation = std::string(reader.Prefixed());
  absl::Status status = reader.Finish("receipt");
  if (!status.ok()) return status;
  return receipt;
}

std::string ConfirmMessage::Encode() const {
  ByteWriter writer;
  writer.Raw(exchange.bytes()).U64(deal_offset).Prefixed(confirmation);
  return std::move(writer).Take();
}

absl::StatusOr<ConfirmMessage> ConfirmMessage::Parse(
    absl::Span<const uint8_t> body) {
  ByteReader reader(body);
  ConfirmMessage message;
  message.exchange = reader.Id16<ExchangeId>();
  message.deal_offset = reader.U64();
  message.confirmation = std::string(reader.Prefixed());
  absl::Status status = reader.Finish("confirm");
  if (!status.ok()) return status;
  return message;
}

absl::string_view NoticeText(NoticeCode code) {
  switch (code) {
    case NoticeCode::kResponderAway:
      return "responder is not connected";
    case NoticeCode::kUnknownResponder:
      return "responder is not enrolled";
    case NoticeCode::kNotAllowed:
      return "responder does not allow this initiator";
    case NoticeCode::kOverloaded:
      return "hub is overloaded";
    case NoticeCode::kQuota:
      return "pad quota of the pair is used up";
    case NoticeCode::kPadUsedUp:
      return "the responder's pad is used up, or its disk is full";
    case NoticeCode::kBadOffer:
      return "offer is not acceptable";
  }
  return "unknown reason";
}

std::string Notice::Encode() const {
  ByteWriter writer;
  writer.Raw(exchange.bytes()).U64(deal_offset).U8(static_cast<uint8_t>(code));
  return std::move(writer).Take();
}

absl::StatusOr<Notice> Notice::Parse(absl::Span<const uint8_t> body) {
  ByteReader reader(body);
  Notice notice;
  notice.exchange = reader.Id16<ExchangeId>();
  notice.deal_offset = reader.U64();
  const uint8_t code = reader.U8();
  absl::Status status = reader.Finish("notice");
  if (!status.ok()) return status;
  if (code < 1 || code > static_cast<uint8_t>(NoticeCode::kBadOffer)) {
    return absl::InvalidArgumentError(absl::StrCat("notice: code ", code));
  }
  notice.code = static_cast<NoticeCode>(code);
  return notice;
}

std::string Confirmation::Seal(absl::Span<const uint8_t> key) const {
  ByteWriter writer;
  writer.Prefixed(kConfirmLabel).Raw(exchange.bytes());
  writer.Prefixed(initiator.text()).Prefixed(responder.text());
  writer.Raw(responder_boot.bytes()).U8(static_cast<uint8_t>(source));
  writer.U16(key_count).U8(static_cast<uint8_t>(inconsistent.size()));
  for (const HubId& hub : inconsistent) writer.Prefixed(hub.text());
  const OneTimeTag tag = ComputeOneTimeMac(key, {AsBytes(writer.bytes())});
  writer.Raw(tag);
  return std::move(writer).Take();
}

absl::StatusOr<Confirmation> Confirmation::Open(absl::Span<const uint8_t> key,
                                                absl::string_view bytes) {
  const absl::Span<const uint8_t> all = AsBytes(bytes);
  constexpr size_t kTag = sizeof(OneTimeTag);
  if (all.size() < kTag ||
      !VerifyOneTimeMac(key, {all.first(all.size() - kTag)}, all.last(kTag))) {
    return absl::DataLossError("confirmation does not verify");
  }
  ByteReader reader(all.first(all.size() - kTag));
  const bool labelled = reader.Prefixed() == kConfirmLabel;
  const ExchangeId exchange = reader.Id16<ExchangeId>();
  absl::StatusOr<AgentId> initiator = AgentId::Parse(reader.Prefixed());
  if (!initiator.ok()) return initiator.status();
  absl::StatusOr<AgentId> responder = AgentId::Parse(reader.Prefixed());
  if (!responder.ok()) return responder.status();
  Confirmation result = {.exchange = exchange,
                         .initiator = *std::move(initiator),
                         .responder = *std::move(responder)};
  result.responder_boot = reader.Id16<BootId>();
  const uint8_t source = reader.U8();
  result.key_count = reader.U16();
  const uint8_t inconsistent = reader.U8();
  for (int i = 0; i < inconsistent; ++i) {
    absl::StatusOr<HubId> hub = HubId::Parse(reader.Prefixed());
    if (!hub.ok()) return hub.status();
    result.inconsistent.push_back(*std::move(hub));
  }
  absl::Status status = reader.Finish("confirmation");
  if (!status.ok()) return status;
  if (!labelled || !IsPadSource(source)) {
    return absl::InvalidArgumentError("confirmation: label or pad source");
  }
  result.source = static_cast<PadSource>(source);
  return result;
}

}  // namespace skex
