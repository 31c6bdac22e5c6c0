#include "skex/wire/link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "skex/base/bytes.h"

namespace skex {

std::string EncodeChallenge(const HubId& hub, const Nonce& nonce) {
  ByteWriter body;
  body.Prefixed(hub.text()).Raw(nonce.bytes());
  return EncodeFrame({.type = FrameType::kChallenge,
                      .table = {},
                      .direction = Direction::kHubToAgent},
                     {body.bytes()});
}

absl::StatusOr<HelloNames> NamesOfHello(absl::Span<const uint8_t> bytes) {
  absl::StatusOr<Frame> frame = ParseFrame(bytes);
  if (!frame.ok()) return frame.status();
  if (frame->header.type != FrameType::kHello) {
    return absl::InvalidArgumentError("stream does not begin with a hello");
  }
  ByteReader reader(frame->body);
  absl::StatusOr<AgentId> agent = AgentId::Parse(reader.Prefixed());
  if (!agent.ok()) return agent.status();
  return HelloNames{*std::move(agent), reader.U8()};
}

Link::Link(Pad* pad, const BootId& own_boot, Entropy* entropy)
    : own_boot_(own_boot), entropy_(entropy) {
  AddPad(pad);
}

void Link::AddPad(Pad* pad) {
  pads_.push_back(std::make_unique<PadLink>(pad, own_boot_, entropy_));
  if (challenge_.has_value() && pad->side() == Side::kAgent) {
    pads_.back()->SendHello(*challenge_, 0);
  }
}

void Link::RemovePad(const TableId& table) {
  std::erase_if(pads_, [this, &table](const auto& pad) {
    if (pad->table() != table) return false;
    if (pad->connected()) farewells_.push_back(pad->Farewell());
    return true;
  });
}

void Link::Reset() {
  challenge_.reset();
  farewells_.clear();
  for (const auto& pad : pads_) pad->Reset();
}

PadLink* Link::Find(const TableId& table) const {
  for (const auto& pad : pads_) {
    if (pad->table() == table) return pad.get();
  }
  return nullptr;
}

absl::Status Link::AnswerChallenge(absl::Span<const uint8_t> bytes) {
  absl::StatusOr<Frame> frame = ParseFrame(bytes);
  if (!frame.ok()) return frame.status();
  if (frame->header.type != FrameType::kChallenge) {
    return absl::InvalidArgumentError("stream does not begin with a challenge");
  }
  ByteReader reader(frame->body);
  const std::string name(reader.Prefixed());
  const Nonce challenge = reader.Id16<Nonce>();
  absl::Status status = reader.Finish("challenge");
  if (!status.ok()) return status;
  const HubId& hub = pads_.front()->pad().identity().hub;
  if (name != hub.text()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the address answers as another hub than ", hub.text()));
  }
  Reset();
  challenge_ = challenge;
  size_t following = pads_.size();
  for (const auto& pad : pads_) {
    pad->SendHello(challenge, static_cast<uint8_t>(--following));
  }
  return absl::OkStatus();
}

absl::Status Link::AcceptHello(const Nonce& challenge,
                               absl::Span<const uint8_t> bytes) {
  absl::StatusOr<Frame> frame = ParseFrame(bytes);
  if (!frame.ok()) return frame.status();
  if (frame->header.type != FrameType::kHello) {
    return absl::InvalidArgumentError("stream does not begin with a hello");
  }
  PadLink* const pad = Find(frame->header.table);
  if (pad == nullptr) {
    return absl::NotFoundError(absl::StrCat("hello for table ",
                                            frame->header.table.Hex(),
                                            ", which is not enrolled here"));
  }
  if (challenge_ == challenge) return pad->AcceptHello(challenge, *frame);
  // Not before it has verified: a stranger must not end a session.
  if (absl::Status status = pad->AcceptHello(challenge, *frame); !status.ok()) {
    return status;
  }
  challenge_ = challenge;
  for (const auto& other : pads_) {
    if (other.get() != pad) other->Reset();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<OpenedFrame>> Link::Open(
    absl::Span<const uint8_t> bytes) {
  absl::StatusOr<Frame> frame = ParseFrame(bytes);
  if (!frame.ok()) return frame.status();
  if (frame->header.type == FrameType::kHello && challenge_.has_value() &&
      pads_.front()->pad().side() == Side::kHub) {
    absl::Status status = AcceptHello(*challenge_, bytes);
    if (status.ok()) return std::optional<OpenedFrame>();
    // The stream is the agent's, whatever else comes on it.
    return absl::IsUnauthenticated(status)
               ? absl::DataLossError(status.message())
               : status;
  }
  PadLink* const pad = Find(frame->header.table);
  if (pad == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "frame is for table ", frame->header.table.Hex(), ", this end has ",
        absl::StrJoin(pads_, ", ",
                      [](std::string* out, const auto& pad) {
                        absl::StrAppend(out, pad->table().Hex());
                      }),
        ": the two ends hold different pads"));
  }
  return pad->Open(*frame);
}

PadLink* Link::Choose(uint64_t otp_bytes) const {
  for (const auto& pad : pads_) {
    if (pad->connected() && !pad->Lacks(otp_bytes)) return pad.get();
  }
  return nullptr;
}

absl::StatusOr<LinkSlice> Link::Take(uint64_t otp_bytes) {
  PadLink* const pad = Choose(otp_bytes);
  if (pad == nullptr || !pad->Holds(otp_bytes)) {
    return absl::ResourceExhaustedError(GrantsDetail());
  }
  absl::StatusOr<PadSlice> slice = pad->pad().Take(Stream::kOtp, otp_bytes);
  if (!slice.ok()) return slice.status();
  return LinkSlice{pad->table(), pad->pad().identity().source,
                   *std::move(slice)};
}

absl::StatusOr<uint64_t> Link::Seal(FrameType type,
                                    absl::Span<const absl::string_view> body) {
  absl::StatusOr<uint64_t> sealed = absl::FailedPreconditionError("");
  bool tried = false;
  for (const auto& pad : pads_) {
    if (!pad->connected()) continue;
    tried = true;
    sealed = pad->Seal(type, body, {});
    if (sealed.ok()) return sealed;
  }
  // For its text.
  return tried ? sealed : pads_.front()->Seal(type, body, {});
}

absl::StatusOr<uint64_t> Link::SealMasked(
    FrameType type, absl::Span<const absl::string_view> body,
    const LinkSlice& slice) {
  PadLink* const pad = Find(slice.table);
  if (pad == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("pad ", slice.table.Hex(), " was removed"));
  }
  const uint64_t from = slice.pad.offset;
  return pad->Seal(type, body, {from, from + slice.pad.bytes.size()});
}

void Link::OnTime(absl::Duration now) {
  for (const auto& pad : pads_) pad->OnTime(now);
}

bool Link::WantOtp(uint64_t otp_bytes) {
  if (PadLink* const pad = Choose(otp_bytes); pad != nullptr) {
    pad->WantOtp(otp_bytes);
    return pad->request_pending();
  }
  // For when they are asked again.
  for (const auto& pad : pads_) pad->WantOtp(otp_bytes);
  return false;
}

bool Link::connected() const {
  return std::any_of(pads_.begin(), pads_.end(),
                     [](const auto& pad) { return pad->connected(); });
}

bool Link::ready() const {
  return std::any_of(pads_.begin(), pads_.end(),
                     [](const auto& pad) { return pad->ready(); });
}

std::string Link::detail() const {
  if (ready()) return "";
  if (connected()) return GrantsDetail();
  return pads_.back()->detail();
}

std::string Link::GrantsDetail() const {
  const PadLink* const pad = Choose(kOtpBlockSize);
  return (pad != nullptr ? pad : pads_.back().get())->GrantsDetail();
}

bool Link::Holds(uint64_t otp_bytes) const {
  const PadLink* const pad = Choose(otp_bytes);
  return pad != nullptr && pad->Holds(otp_bytes);
}

bool Link::Lacks(uint64_t otp_bytes) const {
  return connected() && Choose(otp_bytes) == nullptr;
}

std::vector<Link::PadState> Link::pads() const {
  std::vector<PadState> states;
  states.reserve(pads_.size());
  for (const auto& pad : pads_) {
    states.push_back({&pad->pad(), pad->connected()});
  }
  return states;
}

PadSource Link::WorstSource() const {
  PadSource worst = PadSource::kPhysical;
  for (const auto& pad : pads_) {
    worst = WorsePadSource(worst, pad->pad().identity().source);
  }
  return worst;
}

std::vector<std::string> Link::TakeOutbox() {
  std::vector<std::string> frames = std::exchange(farewells_, {});
  for (const auto& pad : pads_) {
    for (std::string& frame : pad->TakeOutbox()) {
      frames.push_back(std::move(frame));
    }
  }
  return frames;
}

}  // namespace skex
