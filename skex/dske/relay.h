#ifndef SKEX_DSKE_RELAY_H_
#define SKEX_DSKE_RELAY_H_

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/dske/messages.h"
#include "skex/wire/link.h"

namespace skex {

// What became of a deal at a hub. A closed set, for counters.
enum class RelayResult : uint8_t {
  kRelayed,
  kReceipted,
  kResponderAway,
  kUnknownResponder,
  kNotAllowed,
  kOverloaded,
  kQuota,
  kPadUsedUp,
  kBadOffer,
  kExpired,  // not acknowledged in time
};
inline constexpr size_t kRelayResults = 10;

// "relayed", "responder_away", ...
absl::string_view RelayResultName(RelayResult result);

// Relay is a hub: it opens an initiator's share and seals it anew for the
// responder, holds it until the responder's receipt or until its time is over,
// and passes the responder's confirmation back. Only the named responder ever
// gets a share, and only from initiators that it allows.
//
// The initiator of an exchange is the agent whose pad verified the deal; an
// offer that says otherwise is refused.
//
// Does no I/O besides the pads' storage. Thread-compatible.
class Relay {
 public:
  struct Options {
    HubId self;
    size_t most_waiting = 4096;  // shares without a receipt, in all
    // How long a share waits for its receipt, by the monotonic clock.
    absl::Duration share_wait = absl::Seconds(30);
  };

  // What an agent's enrolment says.
  struct Enrolment {
    std::set<AgentId> allow;  // initiators that may reach this agent
    // Bytes of this agent's pads that one initiator may use in an hour; 0: any.
    // A share counts with its otp bytes, but at least with as many as there
    // are in the pad for each MAC slot. Whatever the quota, the last tenth of
    // the pads is divided evenly among those allowed.
    uint64_t pair_quota_bytes = 0;
  };

  explicit Relay(const Options& options) : options_(options) {}

  // Takes an agent in, or changes its enrolment. `link` must live until
  // RemoveAgent().
  void SetAgent(const AgentId& agent, Link* link, const Enrolment& enrolment);
  void RemoveAgent(const AgentId& agent);

  // Takes an exchange frame that `from`'s link opened. What is wrong with it
  // goes to the initiator as a notice, and into the counters. Returns
  // INVALID_ARGUMENT for a frame that only a broken agent sends.
  absl::Status OnFrame(const AgentId& from, const OpenedFrame& frame,
                       const Instant& now);

  // `agent`'s link may have got what shares were waiting for.
  void OnLinkReady(const AgentId& agent);

  // Drops shares whose time is over.
  void OnTime(const Instant& now);

  // Agents whose outboxes have got frames since the last call.
  std::set<AgentId> TakeTouched();

  size_t waiting() const { return waiting_.size(); }
  uint64_t count(RelayResult result) const {
    return counts_[static_cast<size_t>(result)];
  }
  // Of one agent as initiator: relayed and refused.
  std::pair<uint64_t, uint64_t> CountsOf(const AgentId& agent) const;

 private:
  struct Agent {
    Link* link = nullptr;
    Enrolment enrolment;
    uint64_t relayed = 0;
    uint64_t refused = 0;
    // Pad bytes that each initiator has used since `quota_since`.
    std::map<AgentId, uint64_t> quota_used;
    absl::Duration quota_since;
  };
  struct Share {
    AgentId initiator;
    AgentId responder;
    ExchangeId exchange;
    uint64_t deal_offset = 0;
    absl::Duration since;
    std::string offer_bytes;
    Secret share;  // in clear; empty once it was sealed for the responder
  };
  using ShareKey = std::pair<AgentId, ExchangeId>;  // initiator, exchange

  absl::Status OnDeal(const AgentId& from, const OpenedFrame& frame,
                      const Instant& now);
  absl::Status OnReceipt(const AgentId& from, const OpenedFrame& frame);
  // Why the deal cannot be relayed at all; nullopt if it can.
  std::optional<NoticeCode> Objection(const AgentId& from,
                                      const ShareMessage& message,
                                      const Instant& now);
  // Seals a share for its responder; false if it has to wait for pad.
  bool Deliver(Share& share);
  void Refuse(const AgentId& initiator, const ExchangeId& exchange,
              uint64_t deal_offset, NoticeCode code);
  void Count(RelayResult result) { ++counts_[static_cast<size_t>(result)]; }

  const Options options_;
  std::map<AgentId, Agent> agents_;
  std::map<ShareKey, Share> waiting_;
  // With the time at which each began to wait: an agent may use an id again.
  std::list<std::pair<ShareKey, absl::Duration>> oldest_first_;
  std::set<AgentId> touched_;
  std::array<uint64_t, kRelayResults> counts_{};
};

}  // namespace skex

#endif  // SKEX_DSKE_RELAY_H_
