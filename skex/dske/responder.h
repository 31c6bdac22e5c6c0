#ifndef SKEX_DSKE_RESPONDER_H_
#define SKEX_DSKE_RESPONDER_H_

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/dske/messages.h"
#include "skex/dske/policy.h"
#include "skex/dske/sharing_cache.h"
#include "skex/mac/one_time_mac.h"

namespace skex {

// What one relayed share has led to.
struct RelayOutcome {
  // The exchange is complete: its keys, tentative until the first TLS binder.
  std::vector<Key> keys;
  // Settled just now or before: the receipt that is due, byte for byte the
  // same for every hub.
  std::optional<Receipt> receipt;
  // Whether the receipt is due at all hubs of the exchange (it was settled by
  // this share) or only at the one that sent it.
  bool receipt_for_all = false;
  // Hubs of the exchange whose share did not fit, found by this share. An
  // inconsistent share accuses initiator, hub and both pads alike.
  std::vector<HubId> inconsistent;
  std::vector<HubId> hubs;  // of the exchange
};

// Responder is the responder's side of all exchanges: it groups shares by
// their offer, reconstructs from the first k that pass their tags, and checks
// the rest against the polynomial. The polynomial and the shares are wiped at
// once; for shares still expected only a keyed hash stays.
//
//   (no state) --share--> collecting --(k shares pass)--> settled
//                             |                              |
//                             `--(expiry)--> forgotten <-----'
//
// Does no I/O. Thread-compatible.
class Responder {
 public:
  struct Options {
    AgentId self;
    BootId boot;
    Entropy* entropy;  // must outlive the responder
    // Exchanges that collect at a time, for each initiator. Beyond it one is
    // given up: the oldest of the hub that began most of them, so that a hub
    // that invents exchanges crowds out its own.
    size_t most_collecting = 64;
  };

  explicit Responder(const Options& options) : options_(options) {}

  // Admits exchanges of `policy.peer`; `policy` is checked.
  void AddPeer(const PeerPolicy& policy);
  // Admits none any more, and forgets those that collect. Nothing if it is no
  // peer.
  void RemovePeer(const AgentId& peer);

  // Takes a share: `hub` is the hub whose pad verified the frame, `body` the
  // frame's body, `otp` the pad bytes that mask it; `own_source` the worst
  // source of this agent's pads. Returns, with nothing changed,
  // - NOT_FOUND if the initiator is not a configured peer,
  // - INVALID_ARGUMENT if the offer is malformed or against the policy,
  // - ALREADY_EXISTS for a second share of the same hub,
  // or, with the share taken in,
  // - FAILED_PRECONDITION if all shares that can come are there and no k of
  //   them pass: more than n - k of them are wrong.
  absl::StatusOr<RelayOutcome> OnShare(const HubId& hub,
                                       absl::Span<const uint8_t> body,
                                       const Secret& otp, PadSource own_source,
                                       const Instant& now);

  // Forgets exchanges whose time is over.
  void OnTime(const Instant& now);

  // Exchanges that have shares and no key yet.
  size_t collecting() const;

 private:
  struct Share {
    HubId hub;
    Secret bytes;
  };
  // Shares whose offers are equal.
  struct Group {
    Offer offer;
    std::vector<Share> shares;
  };
  // A share still expected after the key was found: the hash of its offer and
  // of itself under a random key.
  struct Expected {
    Secret key;
    OneTimeTag hash{};
  };
  struct Exchange {
    absl::Duration forget_at;
    std::map<std::string, Group> groups;  // by offer bytes; empty when settled
    std::vector<HubId> seen;              // hubs that sent a share
    std::optional<Receipt> receipt;       // once settled
    std::map<HubId, Expected> expected;   // once settled
    std::vector<HubId> hubs;              // once settled
  };
  using ExchangeKey = std::pair<AgentId, ExchangeId>;

  absl::StatusOr<RelayOutcome> Collect(Exchange& exchange, const HubId& hub,
                                       ShareMessage message, const Secret& otp,
                                       PadSource own_source);
  // The outcome has a receipt if the group's newest share has settled it.
  absl::StatusOr<RelayOutcome> TrySubsets(Exchange& exchange,
                                          absl::string_view offer_bytes,
                                          const Group& group,
                                          PadSource own_source);
  RelayOutcome Settle(Exchange& exchange, absl::string_view offer_bytes,
                      const Group& group, const std::vector<size_t>& subset,
                      const Secret& secret, const Sharing& sharing,
                      PadSource own_source);
  RelayOutcome OnStraggler(Exchange& exchange, const HubId& hub,
                           absl::string_view offer_bytes, const Secret& share);
  void MakeRoom(const AgentId& initiator);
  void Forget(std::map<ExchangeKey, Exchange>::iterator exchange);

  const Options options_;
  std::map<AgentId, PeerPolicy> peers_;
  SharingCache sharings_;
  std::map<ExchangeKey, Exchange> exchanges_;
  std::list<ExchangeKey> oldest_first_;
  std::map<AgentId, size_t> collecting_;  // exchanges without a key yet
};

}  // namespace skex

#endif  // SKEX_DSKE_RESPONDER_H_
