#ifndef SKEX_DSKE_INITIATOR_H_
#define SKEX_DSKE_INITIATOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"
#include "skex/dske/policy.h"
#include "skex/dske/sharing_cache.h"
#include "skex/wire/link.h"

namespace skex {

// A link to one hub, in the hands of an exchange. The link must outlive it.
struct HubLink {
  HubId hub;
  Link* link;
};

// Keys that an exchange has made ready, and what the responder said of it.
struct ConfirmedKeys {
  std::vector<Key> keys;
  std::vector<HubId> inconsistent;  // hubs whose share did not fit
};

// InitiatorExchange is the initiator's side of one exchange: it deals the keys
// from the pads, seals a share for every hub, and holds the keys back until the
// responder's confirmation verifies. It is abandoned whole when it fails: a new
// attempt is a new exchange with new pad bytes at every hub, because dealing
// again over some of the old ones would tell a corrupt hub the sum of two
// secrets.
//
//   Start --> waiting --(a confirmation verifies)--> done
//                |----(time-out, or > n-k notices)--> failed
//
// Does no I/O besides the pads' storage. Thread-compatible.
class InitiatorExchange {
 public:
  struct Options {
    AgentId self;
    BootId boot;
    Entropy* entropy;                  // must outlive the exchange
    uint16_t key_count = 1;            // 1..MostKeysOf(policy.key_bytes)
    SharingCache* sharings = nullptr;  // if any; must outlive Start()
  };

  // Deals over those of `links` (the policy's hubs, in its order) that have
  // enough pad granted and leaves the frames in the links' outboxes. Returns
  // UNAVAILABLE if fewer than min_hubs can take part, naming what is wrong
  // with the others; pad bytes taken until then are given up.
  static absl::StatusOr<std::unique_ptr<InitiatorExchange>> Start(
      const Options& options, const PeerPolicy& policy,
      const std::vector<HubLink>& links, const Instant& now);

  // Takes a confirmation that came through `hub`. Returns the keys for the
  // first that verifies, at most one for each hub is tried. Returns
  // ALREADY_EXISTS when the exchange is over, DATA_LOSS if it does not verify,
  // INVALID_ARGUMENT if it does but speaks of another exchange,
  // FAILED_PRECONDITION if it answers no deal of ours through that hub. An
  // error changes nothing but that this hub's one try may be used up.
  absl::StatusOr<ConfirmedKeys> OnConfirm(const HubId& hub,
                                          const ConfirmMessage& message);

  // Takes a hub's notice. Returns the reason why the exchange has failed, if
  // too few hubs are left; OK while there is hope.
  absl::Status OnNotice(const HubId& hub, const Notice& notice);

  // DEADLINE_EXCEEDED once the time for a confirmation is over; else OK.
  absl::Status OnTime(const Instant& now) const;

  const Offer& offer() const { return offer_; }
  absl::Duration deadline() const { return deadline_; }
  absl::Duration started() const { return started_; }

 private:
  // What went to one hub.
  struct Deal {
    uint64_t offset = 0;  // its MAC slot: how answers name it
    std::optional<NoticeCode> notice;
    bool tried = false;  // a confirmation through this hub was examined
  };

  InitiatorExchange(Offer offer, const PeerPolicy& policy, const Instant& now);

  std::string Progress() const;

  Offer offer_;
  Secret secret_;  // empty once the exchange is over
  std::map<HubId, Deal> deals_;
  absl::Duration started_;
  absl::Duration deadline_;
};

}  // namespace skex

#endif  // SKEX_DSKE_INITIATOR_H_
