#ifndef SKEX_WIRE_PAD_LINK_H_
#define SKEX_WIRE_PAD_LINK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/pad/pad.h"
#include "skex/wire/frame.h"

namespace skex {

// An exchange frame that was verified and whose pad bytes are consumed.
struct OpenedFrame {
  FrameType type = FrameType::kDeal;
  uint64_t mac_offset = 0;  // names this frame in answers to it
  Secret otp;               // the bytes that mask key material in the body
  absl::Span<const uint8_t> body;  // a view into the frame's bytes
};

// PadLink is one end of one pad's part in a link (see link.h): it proves on
// each new stream that the other end holds the same pad, keeps this end's
// grants filled, and seals and opens exchange frames with one-time MAC keys.
// Both ends are the same class; the pad says which side this is.
//
// Link frames carry HMAC-SHA-256 under the pad's link key: what authenticates
// the start must not depend on pad positions, which are what is being agreed.
// They move no key material. Forging one takes a break of HMAC and gains
// denial of service: a sender still never uses a byte below its own mark.
// Grants belong to one start (boot id) of the end that gave them; a new stream
// between the same two starts keeps them, so that cutting streams burns no pad.
//
// Does no I/O besides the pad's storage. Frames to send collect in an outbox.
// Thread-compatible.
class PadLink {
 public:
  // `pad` and `entropy` must outlive the object.
  PadLink(Pad* pad, const BootId& own_boot, Entropy* entropy);

  PadLink(const PadLink&) = delete;
  PadLink& operator=(const PadLink&) = delete;

  // The stream is gone, or a new one begins: forgets the session and the
  // outbox, keeps the grants.
  void Reset();

  // Agent: answers the stream's challenge with a hello. `following`: how many
  // hellos for other pads come after it.
  void SendHello(const Nonce& challenge, uint8_t following);

  // Hub: verifies a hello against the challenge's nonce, answers with a welcome
  // and begins a session. The hello of this session, seen again, gets the same
  // welcome. Returns, with nothing changed, UNAUTHENTICATED if it does not
  // verify, ALREADY_EXISTS for another one while the session is up.
  absl::Status AcceptHello(const Nonce& challenge, const Frame& hello);

  // The frame that tells the other end that this one lets the pad go: what it
  // sends under it would be lost. Only while the session is up.
  std::string Farewell() const;

  // As Link::Open(), for a frame of this pad's table.
  absl::StatusOr<std::optional<OpenedFrame>> Open(const Frame& frame);

  // Seals an exchange frame into the outbox and returns the offset of its MAC
  // slot. `otp` is the pad range that masks the body. Returns
  // FAILED_PRECONDITION without a session, RESOURCE_EXHAUSTED without a granted
  // MAC slot, and the pad's errors.
  absl::StatusOr<uint64_t> Seal(FrameType type,
                                absl::Span<const absl::string_view> body,
                                PadRange otp);

  // Time has passed, on the monotonic clock. A request for grants that was not
  // answered within kRequestPatience is sent again, byte for byte, and gets the
  // same answer: it or the answer was lost, or changed on the way. So is a
  // hello after kHelloPatience: the hub may know the pad by then.
  void OnTime(absl::Duration now);
  // Where the other end had nothing to grant it is asked again after
  // kExhaustedPatience: its disk may have been full.
  static constexpr absl::Duration kRequestPatience = absl::Seconds(1);
  static constexpr absl::Duration kHelloPatience = absl::Seconds(3);
  static constexpr absl::Duration kExhaustedPatience = absl::Seconds(5);

  // Asks the other end for grants until `otp_bytes`, at most a chunk, can be
  // taken at once.
  void WantOtp(uint64_t otp_bytes);

  // Both ends have proven on this stream that they hold the pad.
  bool connected() const { return state_ == State::kUp; }
  // Connected, and there is something granted in both streams.
  bool ready() const;
  // Why not, in a few words; empty when ready.
  std::string detail() const;
  // A request for grants is not answered yet.
  bool request_pending() const { return request_pending_; }
  // Why less is granted than was asked for: it is on its way, or the other end
  // grants no more.
  std::string GrantsDetail() const;
  // A frame with so many masked bytes can be sealed now.
  bool Holds(uint64_t otp_bytes) const;
  // It cannot, and the other end has said that it grants no more for now.
  bool Lacks(uint64_t otp_bytes) const;

  Pad& pad() { return *pad_; }
  const Pad& pad() const { return *pad_; }
  const TableId& table() const { return pad_->identity().table; }

  // The frames to send, in order; empties the outbox.
  std::vector<std::string> TakeOutbox();

 private:
  enum class State { kDown, kHelloSent, kUp };

  FrameHeader LinkHeader(FrameType type) const;
  std::string SealLinkFrame(FrameType type, absl::string_view body) const;
  void SendLinkFrame(FrameType type, absl::string_view body);
  absl::Status VerifyLinkFrame(const Frame& frame) const;
  absl::Status CheckHeader(const FrameHeader& header) const;
  void BeginSession(const Nonce& challenge, const Nonce& answer,
                    const BootId& peer_boot);
  absl::Status OnWelcome(const Frame& frame);
  absl::Status OnRequest(const Frame& frame);
  absl::Status OnGrant(const Frame& frame);
  absl::Status OnFarewell(const Frame& frame);
  absl::StatusOr<OpenedFrame> OpenExchangeFrame(const Frame& frame);
  // Asks for what is below its low water; of a stream that is exhausted only
  // if it is `insistent`.
  void RequestGrants(bool insistent = false);
  // Sends the unanswered frame again once `patience` is over.
  void Repeat(const std::string& frame, absl::Duration patience,
              absl::Duration now);

  Pad* const pad_;
  const BootId own_boot_;
  Entropy* const entropy_;

  State state_ = State::kDown;
  Nonce challenge_;
  Nonce answer_;
  Nonce session_;                    // names the session in link frames
  std::optional<BootId> peer_boot_;  // under which the grants were given
  std::string last_hello_;           // agent: the frame; hub: its tag
  std::string last_welcome_;         // the frame that answered it
  uint32_t requests_sent_ = 0;
  uint32_t requests_seen_ = 0;
  bool request_pending_ = false;
  std::string last_request_;    // the frame
  bool mac_requested_ = false;  // in it
  bool otp_requested_ = false;
  // When OnTime() first saw what is not answered: a hello, or a request.
  std::optional<absl::Duration> pending_since_;
  std::string last_grant_;      // the frame that answered requests_seen_
  bool mac_exhausted_ = false;  // the other end had nothing more to grant
  bool otp_exhausted_ = false;
  std::optional<absl::Duration> exhausted_since_;  // when OnTime() saw it first
  uint64_t otp_wanted_ = 0;
  std::vector<std::string> outbox_;
};

}  // namespace skex

#endif  // SKEX_WIRE_PAD_LINK_H_
