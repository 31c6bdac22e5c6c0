#include "service/config/config_change.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace service {
namespace {

const PeerEntry* FindPeer(const AgentConfig& config,
                          const skex::AgentId& name) {
  const auto found = std::find_if(
      config.peers.begin(), config.peers.end(),
      [&name](const PeerEntry& peer) { return peer.name == name; });
  return found == config.peers.end() ? nullptr : &*found;
}

// Copies from `from` what says how fast keys come and go.
void CopyPace(const PeerEntry& from, PeerEntry& to) {
  to.rekey_interval = from.rekey_interval;
  to.overlap = from.overlap;
  to.pool_low = from.pool_low;
  to.pool_high = from.pool_high;
}

bool SameTerms(const PeerEntry& a, PeerEntry b) {
  CopyPace(a, b);
  return a == b;
}

// Pads may change, everything else of a hub may not.
bool SameHub(const HubEntry& a, HubEntry b) {
  b.pads = a.pads;
  b.least_source = a.least_source;
  return a == b;
}

void CompareHubs(const AgentConfig& running, const AgentConfig& read,
                 std::vector<std::string>& restart) {
  for (const HubEntry& hub : running.hubs) {
    const auto same = [&hub](const HubEntry& other) {
      return SameHub(hub, other);
    };
    if (std::none_of(read.hubs.begin(), read.hubs.end(), same)) {
      restart.push_back(absl::StrCat("hub ", hub.name.text()));
    }
  }
}

}  // namespace

ConfigChange CompareConfigs(const AgentConfig& running,
                            const AgentConfig& read) {
  ConfigChange change;
  for (const PeerEntry& peer : running.peers) {
    if (FindPeer(read, peer.name) == nullptr) {
      change.removed.push_back(peer.name);
    }
  }
  for (const PeerEntry& peer : read.peers) {
    const PeerEntry* const old = FindPeer(running, peer.name);
    if (old == nullptr) {
      change.added.push_back(peer);
    } else if (!SameTerms(*old, peer)) {
      change.replaced.push_back(peer);
    } else if (*old != peer || Dials(running, *old) != Dials(read, peer)) {
      change.paced.push_back(peer);
    }
  }
  if (running.daemon.state_dir != read.daemon.state_dir) {
    change.restart.emplace_back("state_dir");
  }
  if (running.daemon.admin_socket != read.daemon.admin_socket) {
    change.restart.emplace_back("[admin]");
  }
  if (running.daemon.metrics_listen != read.daemon.metrics_listen) {
    change.restart.emplace_back("[metrics]");
  }
  if (running.daemon.log_level != read.daemon.log_level ||
      running.daemon.log_format != read.daemon.log_format) {
    change.restart.emplace_back("[log]");
  }
  if (running.daemon.pad_log != read.daemon.pad_log) {
    change.restart.emplace_back("[audit]");
  }
  if (running.tls != read.tls) change.restart.emplace_back("[tls]");
  if (running.limits != read.limits) change.restart.emplace_back("[limits]");
  if (running.delivery_socket != read.delivery_socket) {
    change.restart.emplace_back("[delivery]");
  }
  CompareHubs(running, read, change.restart);
  return change;
}

bool Dials(const AgentConfig& config, const PeerEntry& peer) {
  return peer.freshness == skex::Freshness::kDelivery ||
         std::any_of(config.outbounds.begin(), config.outbounds.end(),
                     [&peer](const OutboundEntry& tunnel) {
                       return tunnel.peer == peer.name;
                     });
}

}  // namespace service
