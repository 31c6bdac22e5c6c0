#ifndef SKEX_DSKE_HUB_HEALTH_H_
#define SKEX_DSKE_HUB_HEALTH_H_

#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/dske/messages.h"

namespace skex {

// HubHealth remembers which hubs an initiator should rather not deal to for a
// while: a hub that refuses burns pad for nothing, and one whose shares do not
// fit is one less that the exchange can lose. Leaving a hub out lowers n, never
// k, and never below the policy's least number of hubs: that is for the caller
// to see to.
//
// An inconsistent share accuses the hub, the initiator and both pads alike. So
// it counts for the exchanges of that initiator; for those of others a hub is
// left out only when initiators of two operators (domains) were affected.
//
// Thread-compatible.
class HubHealth {
 public:
  // For how long a hub is left out.
  static constexpr absl::Duration kAfterInconsistentShare = absl::Minutes(10);
  static constexpr absl::Duration kAfterRefusal = absl::Minutes(1);
  // For reasons that pass by themselves.
  static constexpr absl::Duration kAfterMoment = absl::Seconds(5);

  // `self` is the agent whose exchanges are begun.
  explicit HubHealth(AgentId self) : self_(std::move(self)) {}

  // A share of an exchange that `initiator` began with `responder` did not
  // fit. One of the two is this agent.
  void OnInconsistentShare(const AgentId& initiator, const AgentId& responder,
                           const HubId& hub, absl::Duration now);

  // `hub` refused a deal for `peer`.
  void OnNotice(const AgentId& peer, const HubId& hub, NoticeCode code,
                absl::Duration now);

  // An exchange with `peer` has failed: perhaps for want of the hubs that were
  // left out, because fewer hubs bear fewer liars. None is left out for the
  // next kAfterInconsistentShare.
  void OnFailure(const AgentId& peer, absl::Duration now);

  // Why `hub` should not take part in an exchange that this agent begins with
  // `peer` now; empty if it may.
  std::string Objection(const AgentId& peer, const HubId& hub,
                        absl::Duration now) const;

 private:
  struct Verdict {
    absl::Duration until;
    std::string reason;
  };

  const AgentId self_;
  std::map<AgentId, absl::Duration> suspended_until_;
  std::map<std::pair<AgentId, HubId>, Verdict> of_peer_;
  // When an exchange of an operator's initiators was last affected.
  std::map<HubId, std::map<std::string, absl::Duration>> operators_;
};

}  // namespace skex

#endif  // SKEX_DSKE_HUB_HEALTH_H_
