#include "skex/wire/pad_link.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/mac/one_time_mac.h"

namespace skex {
namespace {

// A request goes out when less than this is granted, and fills it up to a
// chunk.
constexpr uint64_t kMacLowWater = kMacChunk / 4;
constexpr uint64_t kOtpLowWater = kOtpChunk / 4;

using HmacTag = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

HmacTag LinkTag(const Secret& key, absl::Span<const uint8_t> covered) {
  HmacTag tag;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.view().data(), key.size(), covered.data(),
       covered.size(), tag.data(), &size);
  return tag;
}

Nonce SessionId(const Nonce& challenge, const Nonce& answer) {
  ByteWriter input;
  input.Raw("skex session").Raw(challenge.bytes()).Raw(answer.bytes());
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(AsBytes(input.bytes()).data(), input.bytes().size(), digest.data());
  Nonce session;
  std::copy_n(digest.begin(), Nonce::kSize, session.mutable_bytes().begin());
  return session;
}

absl::Status NotAuthentic() {
  return absl::DataLossError("message authentication failed");
}

}  // namespace

PadLink::PadLink(Pad* pad, const BootId& own_boot, Entropy* entropy)
    : pad_(pad), own_boot_(own_boot), entropy_(entropy) {}

void PadLink::Reset() {
  state_ = State::kDown;
  outbox_.clear();
  request_pending_ = false;
  pending_since_.reset();
  mac_exhausted_ = otp_exhausted_ = false;
}

FrameHeader PadLink::LinkHeader(FrameType type) const {
  return {.type = type,
          .table = pad_->identity().table,
          .direction = SendDirection(pad_->side()),
          .lane = pad_->lane()};
}

std::string PadLink::SealLinkFrame(FrameType type,
                                   absl::string_view body) const {
  std::string frame = EncodeFrame(LinkHeader(type), {body});
  const HmacTag tag = LinkTag(pad_->link_key(), AsBytes(frame));
  frame.append(tag.begin(), tag.end());
  return frame;
}

void PadLink::SendLinkFrame(FrameType type, absl::string_view body) {
  outbox_.push_back(SealLinkFrame(type, body));
}

absl::Status PadLink::CheckHeader(const FrameHeader& header) const {
  if (header.table != pad_->identity().table) {
    return absl::InvalidArgumentError(absl::StrCat(
        "frame is for table ", header.table.Hex(), ", the pad is table ",
        pad_->identity().table.Hex(), ": the two ends hold different pads"));
  }
  if (header.direction != ReceiveDirection(pad_->side()) ||
      header.lane != pad_->lane()) {
    return absl::InvalidArgumentError("frame is for another lane or direction");
  }
  return absl::OkStatus();
}

absl::Status PadLink::VerifyLinkFrame(const Frame& frame) const {
  absl::Status status = CheckHeader(frame.header);
  if (!status.ok()) return status;
  if (!EqualInConstantTime(LinkTag(pad_->link_key(), frame.covered),
                           frame.tag)) {
    return NotAuthentic();
  }
  return absl::OkStatus();
}

void PadLink::SendHello(const Nonce& challenge, uint8_t following) {
  Reset();
  challenge_ = challenge;
  answer_ = RandomId<Nonce>(*entropy_);
  ByteWriter body;
  body.Prefixed(pad_->identity().agent.text())
      .U8(following)
      .Raw(challenge_.bytes())
      .Raw(answer_.bytes())
      .Raw(own_boot_.bytes());
  SendLinkFrame(FrameType::kHello, body.bytes());
  last_hello_ = outbox_.back();
  state_ = State::kHelloSent;
}

absl::Status PadLink::AcceptHello(const Nonce& challenge, const Frame& hello) {
  absl::Status status = VerifyLinkFrame(hello);
  if (!status.ok()) return absl::UnauthenticatedError(status.message());
  ByteReader reader(hello.body);
  const bool same_agent = reader.Prefixed() == pad_->identity().agent.text();
  reader.U8();  // how many follow, which was of use before it was verified
  const bool fresh = reader.Id16<Nonce>() == challenge;
  const Nonce answer = reader.Id16<Nonce>();
  const BootId boot = reader.Id16<BootId>();
  status = reader.Finish("hello");
  if (!status.ok()) return absl::UnauthenticatedError(status.message());
  if (!same_agent || !fresh) {
    return absl::UnauthenticatedError("hello does not answer the challenge");
  }
  const std::string tag(AsText(hello.tag));
  if (state_ == State::kUp && challenge_ == challenge) {
    if (tag != last_hello_) {
      return absl::AlreadyExistsError("hello was answered on this stream");
    }
    outbox_.push_back(last_welcome_);
    return absl::OkStatus();
  }
  Reset();
  challenge_ = challenge;
  ByteWriter body;
  body.Raw(challenge.bytes()).Raw(answer.bytes()).Raw(own_boot_.bytes());
  SendLinkFrame(FrameType::kWelcome, body.bytes());
  last_hello_ = tag;
  last_welcome_ = outbox_.back();
  BeginSession(challenge, answer, boot);
  return absl::OkStatus();
}

void PadLink::BeginSession(const Nonce& challenge, const Nonce& answer,
                           const BootId& peer_boot) {
  session_ = SessionId(challenge, answer);
  if (peer_boot_ != peer_boot) {
    pad_->DropGrants();
    peer_boot_ = peer_boot;
  }
  requests_sent_ = requests_seen_ = 0;
  last_grant_.clear();
  pending_since_.reset();
  state_ = State::kUp;
  RequestGrants();
}

absl::Status PadLink::OnWelcome(const Frame& frame) {
  if (state_ != State::kHelloSent || pad_->side() != Side::kAgent) {
    return absl::FailedPreconditionError("welcome out of order");
  }
  ByteReader reader(frame.body);
  const bool ours =
      reader.Id16<Nonce>() == challenge_ && reader.Id16<Nonce>() == answer_;
  const BootId boot = reader.Id16<BootId>();
  absl::Status status = reader.Finish("welcome");
  if (!status.ok()) return status;
  if (!ours) return NotAuthentic();
  BeginSession(challenge_, answer_, boot);
  return absl::OkStatus();
}

void PadLink::RequestGrants(bool insistent) {
  if (state_ != State::kUp || request_pending_) return;
  const uint64_t otp_needed = std::max(kOtpLowWater, otp_wanted_);
  const uint64_t mac_granted = pad_->Granted(Stream::kMac);
  const uint64_t otp_granted = pad_->Granted(Stream::kOtp);
  uint64_t mac = 0;
  uint64_t otp = 0;
  if ((insistent || !mac_exhausted_) && mac_granted < kMacLowWater) {
    mac = kMacChunk - mac_granted;
  }
  if ((insistent || !otp_exhausted_) && otp_granted < otp_needed) {
    otp = kOtpChunk - otp_granted;
  }
  if (mac == 0 && otp == 0) return;
  ByteWriter body;
  body.Raw(session_.bytes()).U32(++requests_sent_).U64(mac).U64(otp);
  SendLinkFrame(FrameType::kRequest, body.bytes());
  last_request_ = outbox_.back();
  mac_requested_ = mac > 0;
  otp_requested_ = otp > 0;
  request_pending_ = true;
  pending_since_.reset();
}

absl::Status PadLink::OnRequest(const Frame& frame) {
  ByteReader reader(frame.body);
  const Nonce session = reader.Id16<Nonce>();
  const uint32_t number = reader.U32();
  const uint64_t mac_wanted = std::min(reader.U64(), kMacChunk);
  const uint64_t otp_wanted = std::min(reader.U64(), kOtpChunk);
  absl::Status status = reader.Finish("request");
  if (!status.ok()) return status;
  if (session == session_ && number == requests_seen_ && !last_grant_.empty()) {
    // Made again, or repeated by somebody: costs no more pad.
    outbox_.push_back(last_grant_);
    return absl::OkStatus();
  }
  if (session != session_ || number <= requests_seen_) {
    return absl::AlreadyExistsError("request was seen before");
  }
  requests_seen_ = number;
  // What cannot be granted is answered with an empty range.
  PadRange mac;
  PadRange otp;
  if (mac_wanted > 0) {
    mac = pad_->Grant(Stream::kMac, mac_wanted).value_or(PadRange{});
  }
  if (otp_wanted > 0) {
    otp = pad_->Grant(Stream::kOtp, otp_wanted).value_or(PadRange{});
  }
  ByteWriter body;
  body.Raw(session_.bytes()).U32(number);
  body.U64(mac.from).U64(mac.to).U64(otp.from).U64(otp.to);
  SendLinkFrame(FrameType::kGrant, body.bytes());
  last_grant_ = outbox_.back();
  return absl::OkStatus();
}

absl::Status PadLink::OnGrant(const Frame& frame) {
  ByteReader reader(frame.body);
  const Nonce session = reader.Id16<Nonce>();
  const uint32_t number = reader.U32();
  PadRange mac = {reader.U64(), 0};
  mac.to = reader.U64();
  PadRange otp = {reader.U64(), 0};
  otp.to = reader.U64();
  absl::Status status = reader.Finish("grant");
  if (!status.ok()) return status;
  if (session != session_ || !request_pending_ || number != requests_sent_) {
    return absl::AlreadyExistsError("grant answers no open request");
  }
  request_pending_ = false;
  // An empty range says something only about what was asked for.
  if (mac_requested_) mac_exhausted_ = mac.from == mac.to;
  if (otp_requested_) otp_exhausted_ = otp.from == otp.to;
  if (mac.from != mac.to) status = pad_->AddGrant(Stream::kMac, mac);
  if (status.ok() && otp.from != otp.to) {
    status = pad_->AddGrant(Stream::kOtp, otp);
  }
  if (!status.ok()) return status;
  otp_wanted_ = 0;
  RequestGrants();
  return absl::OkStatus();
}

std::string PadLink::Farewell() const {
  return SealLinkFrame(FrameType::kFarewell, AsText(session_.bytes()));
}

absl::Status PadLink::OnFarewell(const Frame& frame) {
  ByteReader reader(frame.body);
  const Nonce session = reader.Id16<Nonce>();
  absl::Status status = reader.Finish("farewell");
  if (!status.ok()) return status;
  if (session != session_) {
    return absl::AlreadyExistsError("farewell is of another session");
  }
  // The agent asks whether the hub has the pad again; the hub is asked.
  if (pad_->side() == Side::kAgent) {
    SendHello(challenge_, 0);
  } else {
    Reset();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<OpenedFrame>> PadLink::Open(const Frame& frame) {
  if (IsExchangeFrame(frame.header.type)) {
    absl::StatusOr<OpenedFrame> opened = OpenExchangeFrame(frame);
    if (!opened.ok()) return opened.status();
    return std::optional<OpenedFrame>(*std::move(opened));
  }
  absl::Status status = VerifyLinkFrame(frame);
  if (!status.ok()) return status;
  switch (frame.header.type) {
    case FrameType::kWelcome:
      status = OnWelcome(frame);
      break;
    case FrameType::kRequest:
    case FrameType::kGrant:
    case FrameType::kFarewell:
      if (state_ != State::kUp) {
        return absl::FailedPreconditionError("no session yet");
      }
      if (frame.header.type == FrameType::kRequest) {
        status = OnRequest(frame);
      } else if (frame.header.type == FrameType::kGrant) {
        status = OnGrant(frame);
      } else {
        status = OnFarewell(frame);
      }
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(FrameTypeName(frame.header.type), " out of order"));
  }
  if (!status.ok()) return status;
  return std::optional<OpenedFrame>();
}

absl::StatusOr<OpenedFrame> PadLink::OpenExchangeFrame(const Frame& frame) {
  absl::Status status = CheckHeader(frame.header);
  if (!status.ok()) return status;
  if (state_ != State::kUp) {
    return absl::FailedPreconditionError("no session yet");
  }
  const FrameHeader& header = frame.header;
  const PadRange slot = {header.mac_offset, header.mac_offset + kMacSlotSize};
  absl::StatusOr<Secret> key = pad_->Peek(Stream::kMac, slot);
  if (!key.ok()) return key.status();
  if (!VerifyOneTimeMac(key->view(), {frame.covered}, frame.tag)) {
    return NotAuthentic();
  }
  OpenedFrame opened;
  if (header.otp.size() > 0) {
    absl::StatusOr<Secret> otp = pad_->Peek(Stream::kOtp, header.otp);
    if (!otp.ok()) return otp.status();
    opened.otp = *std::move(otp);
    pad_->Consume(Stream::kOtp, header.otp);
  }
  pad_->Consume(Stream::kMac, slot);
  opened.type = header.type;
  opened.mac_offset = header.mac_offset;
  opened.body = frame.body;
  return opened;
}

absl::StatusOr<uint64_t> PadLink::Seal(FrameType type,
                                       absl::Span<const absl::string_view> body,
                                       PadRange otp) {
  if (state_ != State::kUp) {
    return absl::FailedPreconditionError(
        absl::StrCat("no session with ", pad_->side() == Side::kAgent
                                             ? pad_->identity().hub.text()
                                             : pad_->identity().agent.text()));
  }
  absl::StatusOr<PadSlice> slot = pad_->Take(Stream::kMac, kMacSlotSize);
  if (!slot.ok()) {
    RequestGrants();
    return slot.status();
  }
  FrameHeader header = LinkHeader(type);
  header.mac_offset = slot->offset;
  header.otp = otp;
  std::string frame = EncodeFrame(header, body);
  const OneTimeTag tag =
      ComputeOneTimeMac(slot->bytes.view(), {AsBytes(frame)});
  frame.append(tag.begin(), tag.end());
  outbox_.push_back(std::move(frame));
  RequestGrants();
  return slot->offset;
}

void PadLink::OnTime(absl::Duration now) {
  if (mac_exhausted_ || otp_exhausted_) {
    if (!exhausted_since_.has_value()) {
      exhausted_since_ = now;
    } else if (now - *exhausted_since_ >= kExhaustedPatience) {
      exhausted_since_.reset();
      RequestGrants(true);
    }
  }
  if (state_ == State::kHelloSent) {
    Repeat(last_hello_, kHelloPatience, now);
  } else if (request_pending_) {
    Repeat(last_request_, kRequestPatience, now);
  }
}

void PadLink::Repeat(const std::string& frame, absl::Duration patience,
                     absl::Duration now) {
  if (!pending_since_.has_value()) {
    pending_since_ = now;
  } else if (now - *pending_since_ >= patience) {
    outbox_.push_back(frame);
    pending_since_ = now;
  }
}

void PadLink::WantOtp(uint64_t otp_bytes) {
  otp_wanted_ = std::max(otp_wanted_, std::min(otp_bytes, kOtpChunk));
  RequestGrants();
}

bool PadLink::ready() const {
  return state_ == State::kUp && pad_->Granted(Stream::kMac) > 0 &&
         pad_->Granted(Stream::kOtp) > 0;
}

std::string PadLink::detail() const {
  if (ready()) return "";
  if (state_ == State::kDown) return "not connected";
  if (state_ == State::kHelloSent) return "waiting for the hub's welcome";
  return GrantsDetail();
}

bool PadLink::Holds(uint64_t otp_bytes) const {
  return state_ == State::kUp && pad_->Granted(Stream::kMac) > 0 &&
         pad_->Granted(Stream::kOtp) >= otp_bytes;
}

bool PadLink::Lacks(uint64_t otp_bytes) const {
  return (otp_exhausted_ && pad_->Granted(Stream::kOtp) < otp_bytes) ||
         (mac_exhausted_ && pad_->Granted(Stream::kMac) == 0);
}

std::string PadLink::GrantsDetail() const {
  if (mac_exhausted_ || otp_exhausted_) {
    return "the other end grants no more: the pad is used up and a new one "
           "must be enrolled, or its disk is full";
  }
  return "waiting for pad grants";
}

std::vector<std::string> PadLink::TakeOutbox() {
  return std::exchange(outbox_, {});
}

}  // namespace skex
