#include "service/lanes/lane_links.h"

#include <utility>

namespace service {

LaneLinks::LaneLinks(LaneLinkCallbacks callbacks)
    : LaneLinks(std::move(callbacks), LaneLinkLimits()) {}

LaneLinks::LaneLinks(LaneLinkCallbacks callbacks, const LaneLinkLimits& limits)
    : callbacks_(std::move(callbacks)), limits_(limits) {}

LaneLinks::~LaneLinks() { Stop(); }

void LaneLinks::AddPeer(const skex::AgentId& peer, const Endpoint& address) {
  const auto link =
      std::make_shared<LaneLink>(worker_, peer, address, limits_, callbacks_);
  worker_.Join(link);
  links_.emplace(peer, link);
}

void LaneLinks::Start() { worker_.Start(); }

void LaneLinks::Stop() { worker_.StopAndJoin(); }

void LaneLinks::Open(const skex::AgentId& peer) {
  const auto found = links_.find(peer);
  if (found == links_.end()) return;
  worker_.Post([link = found->second] { link->Open(); });
}

void LaneLinks::Send(const skex::AgentId& peer, std::string message) {
  const auto found = links_.find(peer);
  if (found == links_.end()) return;
  worker_.Post([link = found->second, message = std::move(message)] {
    link->Send(message);
  });
}

}  // namespace service
