#include "skex/dske/hub_health.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace skex {
namespace {

absl::Duration After(NoticeCode code) {
  switch (code) {
    case NoticeCode::kResponderAway:
    case NoticeCode::kOverloaded:
      return HubHealth::kAfterMoment;
    default:
      return HubHealth::kAfterRefusal;
  }
}

}  // namespace

void HubHealth::OnInconsistentShare(const AgentId& initiator,
                                    const AgentId& responder, const HubId& hub,
                                    absl::Duration now) {
  operators_[hub][std::string(initiator.domain())] = now;
  if (initiator != self_) return;
  of_peer_[{responder, hub}] = {now + kAfterInconsistentShare,
                                "its share did not fit"};
}

void HubHealth::OnNotice(const AgentId& peer, const HubId& hub, NoticeCode code,
                         absl::Duration now) {
  Verdict& verdict = of_peer_[{peer, hub}];
  const absl::Duration until = now + After(code);
  if (until <= verdict.until) return;
  verdict = {until, std::string(NoticeText(code))};
}

void HubHealth::OnFailure(const AgentId& peer, absl::Duration now) {
  suspended_until_[peer] = now + kAfterInconsistentShare;
}

std::string HubHealth::Objection(const AgentId& peer, const HubId& hub,
                                 absl::Duration now) const {
  const auto suspended = suspended_until_.find(peer);
  if (suspended != suspended_until_.end() && now < suspended->second) return "";
  const auto verdict = of_peer_.find({peer, hub});
  if (verdict != of_peer_.end() && now < verdict->second.until) {
    return absl::StrCat("left out for ",
                        absl::FormatDuration(absl::Ceil(
                            verdict->second.until - now, absl::Seconds(1))),
                        ": ", verdict->second.reason);
  }
  const auto affected = operators_.find(hub);
  if (affected == operators_.end()) return "";
  const auto recent = std::count_if(
      affected->second.begin(), affected->second.end(), [now](const auto& at) {
        return now - at.second < kAfterInconsistentShare;
      });
  return recent < 2 ? ""
                    : absl::StrCat("left out: its shares did not fit for ",
                                   recent, " operators' agents");
}

}  // namespace skex
