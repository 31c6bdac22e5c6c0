#ifndef TESTS_FUZZ_RELAY_MODEL_H_
#define TESTS_FUZZ_RELAY_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"
#include "skex/dske/relay.h"
#include "skex/wire/link.h"

namespace skex {

// A deal as it reached the hub.
struct SentDeal {
  AgentId from;
  Offer offer;
  std::string share;        // in clear
  uint64_t mac_offset = 0;  // by which answers name it
  // What the hub has for the responder, in otp bytes and in MAC slots.
  uint64_t otp_left = 0;
  uint64_t slots_left = 0;
  bool lacks_otp = false;  // and gets no more for now
  bool responder_up = false;
};

// RelayModel says what a Relay may send to whom, from the promises in relay.h
// and docs/protocol.md alone, and ends the process when it did something else.
// Frames may be lost at any time, so it knows what may come, not what must; but
// of every deal it knows whether the relay has to keep the share.
//
// No more than kQuotaPeriod may pass in all, unless by PassQuotaPeriod().
class RelayModel {
 public:
  static constexpr absl::Duration kQuotaPeriod = absl::Hours(1);

  // All pads are small ones, see SmallGeometry(): of so many otp bytes, and as
  // many of them for each MAC slot.
  static constexpr uint64_t kOtpOfASlot =
      kOtpChunk / (kMacChunk / kMacSlotSize);

  RelayModel(const Relay::Options& options, uint64_t pad_size)
      : options_(options), pad_size_(pad_size) {}

  void SetAgent(const AgentId& agent, const Relay::Enrolment& enrolment);
  void RemoveAgent(const AgentId& agent);
  bool HasAgent(const AgentId& agent) const { return agents_.contains(agent); }

  void OnDeal(const SentDeal& deal, const Instant& now);
  void OnReceipt(const AgentId& from, const Receipt& receipt);
  void OnTime(const Instant& now);
  // All quotas are fresh.
  void PassQuotaPeriod() { used_.clear(); }

  // `agent` got a frame of the hub; the bytes in `opened` are as they were
  // opened.
  void OnReceived(const AgentId& agent, const OpenedFrame& opened);

  // `relay` was told all that the model was.
  void Check(const Relay& relay) const;

 private:
  using ShareKey = std::pair<AgentId, ExchangeId>;
  struct Waiting {
    AgentId responder;
    uint64_t deal_offset = 0;
    absl::Duration since;
  };
  // A share that the responder may get, once.
  struct Due {
    AgentId initiator;
    std::string offer_bytes;
    std::string share;
    friend auto operator<=>(const Due&, const Due&) = default;
  };

  // What the deal costs the responder's pad, in otp bytes.
  static uint64_t CostOf(const SentDeal& deal);
  std::set<NoticeCode> Objections(const SentDeal& deal) const;
  void OnRelay(const AgentId& agent, const OpenedFrame& opened);
  void OnConfirm(const AgentId& agent, const OpenedFrame& opened);
  void OnNotice(const AgentId& agent, const OpenedFrame& opened);

  const Relay::Options options_;
  const uint64_t pad_size_;
  std::map<AgentId, Relay::Enrolment> agents_;
  std::map<ShareKey, Waiting> waiting_;
  // Responder, initiator: pad bytes used of the quota.
  std::map<std::pair<AgentId, AgentId>, uint64_t> used_;
  std::map<AgentId, std::multiset<Due>> due_relays_;
  std::map<AgentId, std::multiset<std::string>> due_confirms_;  // encoded
  // By the offset of the deal: its exchange, and why it may be refused.
  std::map<std::pair<AgentId, uint64_t>,
           std::pair<ExchangeId, std::set<NoticeCode>>>
      due_notices_;
  uint64_t refused_ = 0;
  uint64_t receipted_ = 0;
  uint64_t expired_ = 0;
};

}  // namespace skex

#endif  // TESTS_FUZZ_RELAY_MODEL_H_
