#ifndef TESTS_FUZZ_INITIATOR_MODEL_H_
#define TESTS_FUZZ_INITIATOR_MODEL_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/dske/initiator.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"

namespace skex {

// What one hub got of an exchange.
struct DealtShare {
  uint64_t mac_offset = 0;  // by which answers name the deal
  Secret share;             // in clear
  bool masked_is_zero = false;
};

// What a confirmation is worth.
enum class Worth { kTrue, kUnverifiable, kOfSomethingElse };

// InitiatorModel says what an InitiatorExchange has to do with each answer,
// from the promises in initiator.h and docs/protocol.md and from what the hubs
// got, and ends the process when it did something else.
class InitiatorModel {
 public:
  // The hubs of `offer` got `deals`. The process ends if these are not what the
  // protocol says: shares on polynomials of degree k - 1, those of the first k
  // hubs the pad itself, with tags that verify.
  InitiatorModel(const Offer& offer, std::map<HubId, DealtShare> deals);

  const Offer& offer() const { return offer_; }
  // (f, g): what a confirmation is sealed with.
  absl::Span<const uint8_t> confirmation_key() const;
  // The MAC slot of the deal through `hub`; 0 if it got none.
  uint64_t DealOffset(const HubId& hub) const;

  // `confirmation`, which is worth `worth`, came through `hub` as an answer to
  // the deal at `deal_offset` and led to `got`.
  void OnConfirm(const HubId& hub, uint64_t deal_offset, Worth worth,
                 const Confirmation& confirmation,
                 const absl::StatusOr<ConfirmedKeys>& got);
  void OnNotice(const HubId& hub, uint64_t deal_offset,
                const absl::Status& got);

 private:
  Secret SecretOf() const;
  bool Answers(const HubId& hub, uint64_t deal_offset) const;
  absl::StatusCode ConfirmCode(const HubId& hub, uint64_t deal_offset,
                               Worth worth);
  void CheckKeys(const Confirmation& confirmation,
                 const ConfirmedKeys& confirmed) const;

  const Offer offer_;
  const std::map<HubId, DealtShare> deals_;
  const Secret secret_;
  std::set<HubId> tried_;
  std::set<HubId> refused_;
  bool done_ = false;
};

}  // namespace skex

#endif  // TESTS_FUZZ_INITIATOR_MODEL_H_
