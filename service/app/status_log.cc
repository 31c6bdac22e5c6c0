#include "service/app/status_log.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"

namespace service {
namespace {

size_t CountConnected(const std::vector<EnrolledAgentView>& agents) {
  return std::count_if(
      agents.begin(), agents.end(),
      [](const EnrolledAgentView& agent) { return agent.connected; });
}

}  // namespace

void LogStatus(const AgentView& agent, Log& log) {
  log.Info("status", {{"name", agent.name},
                      {"version", agent.version},
                      {"uptime", agent.uptime},
                      {"ready", agent.ready},
                      {"reason", agent.detail}});
  for (const HubView& hub : agent.hubs) {
    log.Info("status_hub", {{"hub", hub.name},
                            {"address", hub.address},
                            {"connected", hub.connected},
                            {"reason", hub.detail},
                            {"pads", hub.supply.pads.size()},
                            {"left", hub.supply.left}});
  }
  for (const PeerView& peer : agent.peers) {
    log.Info("status_peer", {{"peer", peer.name},
                             {"mode", peer.mode},
                             {"ready", peer.ready},
                             {"reason", peer.detail},
                             {"keys_ready", peer.keys_ready},
                             {"keys_accept", peer.keys_accept},
                             {"exchanges_ok", peer.exchanges_ok},
                             {"exchanges_failed", peer.exchanges_failed},
                             {"left_out", absl::StrJoin(peer.left_out, "; ")}});
  }
  for (const TunnelView& tunnel : agent.tunnels) {
    log.Info("status_tunnel", {{"tunnel", tunnel.name},
                               {"kind", tunnel.kind},
                               {"listen", tunnel.listen},
                               {"target", tunnel.target},
                               {"open", tunnel.connections_open},
                               {"total", tunnel.connections_total},
                               {"failed", tunnel.connections_failed}});
  }
}

void LogStatus(const HubStatusView& hub, Log& log) {
  log.Info("status", {{"name", hub.name},
                      {"version", hub.version},
                      {"uptime", hub.uptime},
                      {"listen", hub.listen},
                      {"agents", hub.agents.size()},
                      {"connected", CountConnected(hub.agents)},
                      {"exchanges_waiting", hub.exchanges_waiting}});
  for (const EnrolledAgentView& agent : hub.agents) {
    log.Info("status_agent", {{"agent", agent.name},
                              {"connected", agent.connected},
                              {"reason", agent.detail},
                              {"pads", agent.supply.pads.size()},
                              {"left", agent.supply.left},
                              {"shares_relayed", agent.shares_relayed},
                              {"shares_refused", agent.shares_refused}});
  }
}

}  // namespace service
