#include "service/lanes/lane_links.h"

#include <utility>

namespace service {

LaneLinks::LaneLinks(LaneLinkCallbacks callbacks)
    : LaneLinks(std::move(callbacks), LaneLinkLimits()) {}

LaneLinks::LaneLinks(LaneLinkCallbacks callbacks, const LaneLinkLimits& limits)
    : callbacks_(std::move(callbacks)), limits_(limits) {}

LaneLinks::~LaneLinks() { Stop(); }

void LaneLinks::AddPeer(const skex::AgentId& peer, const Endpoint& address) {
  auto link =
      std::make_shared<LaneLink>(worker_, peer, address, limits_, callbacks_);
  {
    MutexLock lock(&mutex_);
    if (!links_.emplace(peer, link).second) return;
  }
  worker_.Post([this, link = std::move(link)] { worker_.Join(link); });
}

void LaneLinks::RemovePeer(const skex::AgentId& peer) {
  std::shared_ptr<LaneLink> link;
  {
    MutexLock lock(&mutex_);
    const auto found = links_.find(peer);
    if (found == links_.end()) return;
    link = std::move(found->second);
    links_.erase(found);
  }
  // The last one to hold it, as in all that follows, is its worker's thread.
  worker_.Post([link = std::move(link)] { link->Stop(); });
}

void LaneLinks::Start() { worker_.Start(); }

void LaneLinks::Stop() { worker_.StopAndJoin(); }

void LaneLinks::Open(const skex::AgentId& peer) {
  std::shared_ptr<LaneLink> link = Find(peer);
  if (link == nullptr) return;
  worker_.Post([link = std::move(link)] { link->Open(); });
}

void LaneLinks::Send(const skex::AgentId& peer, std::string message) {
  std::shared_ptr<LaneLink> link = Find(peer);
  if (link == nullptr) return;
  worker_.Post([link = std::move(link), message = std::move(message)] {
    link->Send(message);
  });
}

std::shared_ptr<LaneLink> LaneLinks::Find(const skex::AgentId& peer) const {
  MutexLock lock(&mutex_);
  const auto found = links_.find(peer);
  return found == links_.end() ? nullptr : found->second;
}

}  // namespace service
