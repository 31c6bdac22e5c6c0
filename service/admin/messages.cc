#include "service/admin/messages.h"

#include <algorithm>
#include <string>

namespace service {
namespace {

namespace api = skex::admin::v1;

// The range of google.protobuf.Duration.
constexpr absl::Duration kLongest = absl::Seconds(315576000000);

api::Pad ToMessage(const PadView& view) {
  api::Pad pad;
  pad.set_send_mac_bytes(view.send_mac_bytes);
  pad.set_send_otp_bytes(view.send_otp_bytes);
  pad.set_receive_mac_bytes(view.receive_mac_bytes);
  pad.set_receive_otp_bytes(view.receive_otp_bytes);
  pad.set_total_bytes(view.total_bytes);
  pad.set_wasted_bytes(view.wasted_bytes);
  pad.set_source(view.source);
  pad.set_table_id(view.table);
  pad.set_connected(view.connected);
  return pad;
}

api::PadSupply ToMessage(const PadSupplyView& view) {
  api::PadSupply supply;
  for (const PadView& pad : view.pads) *supply.add_pads() = ToMessage(pad);
  supply.set_left(view.left);
  if (view.time_left != absl::InfiniteDuration()) {
    *supply.mutable_time_left() = service::ToMessage(view.time_left);
  }
  supply.set_wasted_bytes(view.wasted_bytes);
  supply.set_syncs(view.syncs);
  return supply;
}

api::Hub ToMessage(const HubView& view) {
  api::Hub hub;
  hub.set_name(view.name);
  hub.set_address(view.address);
  hub.set_connected(view.connected);
  hub.set_detail(view.detail);
  *hub.mutable_pad_supply() = ToMessage(view.supply);
  return hub;
}

api::Tunnel ToMessage(const TunnelView& view) {
  api::Tunnel tunnel;
  tunnel.set_name(view.name);
  tunnel.set_kind(view.kind);
  tunnel.set_listen(view.listen);
  tunnel.set_target(view.target);
  for (const std::string& peer : view.peers) tunnel.add_peers(peer);
  tunnel.set_connections_open(view.connections_open);
  tunnel.set_connections_total(view.connections_total);
  tunnel.set_connections_failed(view.connections_failed);
  tunnel.set_handshakes_ok(view.handshakes_ok);
  tunnel.set_handshakes_refused(view.handshakes_refused);
  tunnel.set_handshakes_failed(view.handshakes_failed);
  tunnel.set_sent_bytes(view.sent_bytes);
  tunnel.set_received_bytes(view.received_bytes);
  return tunnel;
}

api::Lanes ToMessage(const LanesView& view) {
  api::Lanes lanes;
  lanes.set_address(view.address);
  lanes.set_connected(view.connected);
  lanes.set_detail(view.detail);
  lanes.set_leaves_left(view.leaves_left);
  lanes.set_rollbacks_detected(view.rollbacks_detected);
  lanes.set_skipped_leaves(view.skipped_leaves);
  lanes.set_reroots(view.reroots);
  lanes.set_jump_waits(view.jump_waits);
  lanes.set_hubs_down(view.hubs_down);
  return lanes;
}

}  // namespace

api::AgentStatus ToMessage(const AgentView& view) {
  api::AgentStatus status;
  status.set_name(view.name);
  status.set_version(view.version);
  status.set_boringssl(view.boringssl);
  *status.mutable_uptime() = ToMessage(view.uptime);
  status.set_ready(view.ready);
  status.set_detail(view.detail);
  for (const HubView& hub : view.hubs) *status.add_hubs() = ToMessage(hub);
  for (const PeerView& peer : view.peers) *status.add_peers() = ToMessage(peer);
  for (const TunnelView& tunnel : view.tunnels) {
    *status.add_tunnels() = ToMessage(tunnel);
  }
  return status;
}

api::Peer ToMessage(const PeerView& view) {
  api::Peer peer;
  peer.set_name(view.name);
  peer.set_ready(view.ready);
  peer.set_detail(view.detail);
  peer.set_threshold(view.threshold);
  for (const std::string& hub : view.hubs) peer.add_hubs(hub);
  peer.set_freshness(view.freshness);
  peer.set_keys_ready(view.keys_ready);
  peer.set_keys_accept(view.keys_accept);
  peer.set_exchanges_ok(view.exchanges_ok);
  peer.set_exchanges_failed(view.exchanges_failed);
  for (const std::string& hub : view.left_out) peer.add_left_out(hub);
  peer.set_mode(view.mode);
  peer.set_hubs_down(view.hubs_down);
  if (view.lanes.has_value()) *peer.mutable_lanes() = ToMessage(*view.lanes);
  if (view.newest_key.has_value()) {
    *peer.mutable_newest_key() = ToMessage(*view.newest_key);
  }
  return peer;
}

api::Key ToMessage(const KeyView& view) {
  api::Key key;
  key.set_id(view.id);
  key.set_peer(view.peer);
  key.set_role(view.role);
  key.set_state(view.state);
  key.set_source(view.source);
  key.set_label(view.label);
  for (const std::string& hub : view.hubs) key.add_hubs(hub);
  key.set_threshold(view.threshold);
  *key.mutable_age() = ToMessage(view.age);
  if (view.expires_in != absl::InfiniteDuration()) {
    *key.mutable_expires_in() = ToMessage(view.expires_in);
  }
  key.set_uses(view.uses);
  key.set_use_limit(view.use_limit);
  return key;
}

api::HubStatus ToMessage(const HubStatusView& view) {
  api::HubStatus status;
  status.set_name(view.name);
  status.set_version(view.version);
  *status.mutable_uptime() = ToMessage(view.uptime);
  status.set_listen(view.listen);
  status.set_exchanges_waiting(view.exchanges_waiting);
  status.set_agents_enrolled(view.agents.size());
  status.set_agents_connected(std::count_if(
      view.agents.begin(), view.agents.end(),
      [](const EnrolledAgentView& agent) { return agent.connected; }));
  return status;
}

api::EnrolledAgent ToMessage(const EnrolledAgentView& view) {
  api::EnrolledAgent agent;
  agent.set_name(view.name);
  agent.set_connected(view.connected);
  agent.set_detail(view.detail);
  for (const std::string& name : view.allow) agent.add_allow(name);
  *agent.mutable_pad_supply() = ToMessage(view.supply);
  agent.set_shares_relayed(view.shares_relayed);
  agent.set_shares_refused(view.shares_refused);
  return agent;
}

google::protobuf::Duration ToMessage(absl::Duration duration) {
  duration = std::clamp(duration, -kLongest, kLongest);
  absl::Duration rest;
  google::protobuf::Duration message;
  message.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return message;
}

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

grpc::Status Answer(const absl::StatusOr<std::string>& reloaded,
                    api::ReloadResponse* response) {
  if (!reloaded.ok()) return ToGrpc(reloaded.status());
  response->set_summary(*reloaded);
  return grpc::Status::OK;
}

}  // namespace service
