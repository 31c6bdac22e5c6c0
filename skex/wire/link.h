#ifndef SKEX_WIRE_LINK_H_
#define SKEX_WIRE_LINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
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
#include "skex/wire/pad_link.h"

namespace skex {

// The first frame of a stream: the hub says who it is and sets a nonce.
std::string EncodeChallenge(const HubId& hub, const Nonce& nonce);

// What a hello says, unverified: for finding its link only.
struct HelloNames {
  AgentId agent;
  uint8_t following = 0;  // hellos for other pads that come after it
};

// Returns INVALID_ARGUMENT if `bytes` is no hello.
absl::StatusOr<HelloNames> NamesOfHello(absl::Span<const uint8_t> bytes);

// Otp bytes of one of a link's pads, taken to mask one body.
struct LinkSlice {
  TableId table;
  PadSource source = PadSource::kGenerator;
  PadSlice pad;
};

// Link is one end of the connection between an agent and a hub: the pads that
// the two share, oldest first, over one stream. Both ends are the same class.
//
//     hub                                     agent
//      | -- challenge(hub, nonce_h) ----------> |
//      | <- hello(agent, nonces, boot) -------- |   for each pad
//      | -- welcome(nonces, boot) ------------> |   for each that the hub knows
//      | <- request / grant, both ways, when needed -> |   for each pad
//      | <- farewell, both ways --------------> |   when an end lets a pad go
//      | <- exchange frames, both ways -------> |   under any of them
//
// Every pad has its own session (see pad_link.h), and frames name their pad.
// What is sent goes under the oldest pad that is not used up; what comes is
// taken under each. So a new pad takes over without a pause when the old one
// ends, and a pad that only one end knows is not used.
//
// Thread-compatible. Does no I/O besides the pads' storage.
class Link {
 public:
  // Begins with one pad. It and `entropy` must outlive the link.
  Link(Pad* pad, const BootId& own_boot, Entropy* entropy);

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Takes one more pad of the same agent and hub, the newest. It must live
  // until RemovePad(). At most kMostPads in all.
  void AddPad(Pad* pad);
  // Lets a pad go, and tells the other end, so that it sends nothing more under
  // it; not the last one. Nothing if there is no such pad.
  void RemovePad(const TableId& table);

  // The stream is gone: forgets the sessions and the outbox, keeps the grants.
  void Reset();

  // Agent: answers a challenge, which begins a new stream, with the hellos.
  // FAILED_PRECONDITION if the hub is another one than the pads',
  // INVALID_ARGUMENT if it is no challenge.
  absl::Status AnswerChallenge(absl::Span<const uint8_t> bytes);

  // Hub: verifies a hello against the challenge's nonce, answers with a welcome
  // and begins the session of its pad. The first one for a challenge ends the
  // sessions of the stream before. Returns, with nothing changed,
  // - INVALID_ARGUMENT if it is no hello, NOT_FOUND if the pad is not known,
  // - UNAUTHENTICATED if it does not verify,
  // - ALREADY_EXISTS if the session is up by another hello.
  absl::Status AcceptHello(const Nonce& challenge,
                           absl::Span<const uint8_t> bytes);

  // Takes any later frame, at a hub also the hellos for further pads: for these
  // the errors of AcceptHello(), but DATA_LOSS if one does not verify. Link
  // frames are dealt with inside and give nullopt; exchange frames are verified
  // and opened. Returns, with nothing changed,
  // - INVALID_ARGUMENT for bytes that are no frame of this link,
  // - DATA_LOSS if the tag does not verify,
  // - ALREADY_EXISTS or OUT_OF_RANGE if the pad bytes were used or not granted,
  // - FAILED_PRECONDITION before the pad's session is up.
  // `bytes` must outlive the result.
  absl::StatusOr<std::optional<OpenedFrame>> Open(
      absl::Span<const uint8_t> bytes);

  // Takes `otp_bytes` of the oldest pad that holds as many.
  // RESOURCE_EXHAUSTED if none does, and the pad's errors.
  absl::StatusOr<LinkSlice> Take(uint64_t otp_bytes);

  // Seals an exchange frame into the outbox and returns the offset of its MAC
  // slot, by which answers name it. Returns FAILED_PRECONDITION without a
  // session, RESOURCE_EXHAUSTED without a granted MAC slot, and the pad's
  // errors.
  absl::StatusOr<uint64_t> Seal(FrameType type,
                                absl::Span<const absl::string_view> body);
  // The same for a body that `slice`, from this link, masks. It goes under the
  // slice's pad; NOT_FOUND if that was removed.
  absl::StatusOr<uint64_t> SealMasked(FrameType type,
                                      absl::Span<const absl::string_view> body,
                                      const LinkSlice& slice);

  // Time has passed, on the monotonic clock; see PadLink::OnTime().
  void OnTime(absl::Duration now);

  // Asks for grants until `otp_bytes`, at most a chunk, can be taken at once.
  // Returns whether an answer is on its way.
  bool WantOtp(uint64_t otp_bytes);

  // Both ends have proven on this stream that they hold a pad.
  bool connected() const;
  // Connected, and there is something granted in both streams of a pad.
  bool ready() const;
  // Why not, in a few words; empty when ready.
  std::string detail() const;
  // Why less is granted than was asked for: it is on its way, or the other end
  // grants no more.
  std::string GrantsDetail() const;
  // Take() can give so many bytes, and a frame with them can be sealed.
  bool Holds(uint64_t otp_bytes) const;
  // It cannot, and the other end has said that it grants no more for now.
  bool Lacks(uint64_t otp_bytes) const;

  // Of the pads, oldest first: what they are, what is left, and whether the
  // other end has proven on this stream that it holds them.
  struct PadState {
    const Pad* pad;
    bool connected;
  };
  std::vector<PadState> pads() const;
  // The lowest source of the pads.
  PadSource WorstSource() const;

  // The frames to send, in order; empties the outbox.
  std::vector<std::string> TakeOutbox();

 private:
  PadLink* Find(const TableId& table) const;
  // Where `otp_bytes` are to be taken from; null if all pads lack them.
  PadLink* Choose(uint64_t otp_bytes) const;

  const BootId own_boot_;
  Entropy* const entropy_;
  std::vector<std::unique_ptr<PadLink>> pads_;  // oldest first; at least one
  std::optional<Nonce> challenge_;      // of the stream, if there is one
  std::vector<std::string> farewells_;  // to be sent
};

}  // namespace skex

#endif  // SKEX_WIRE_LINK_H_
