#include "service/admin/fake_control.h"

#include <utility>

namespace service {
namespace {

const char kBob[] = "bob@south.example";
const char kCarol[] = "carol@east.example";
const char kDave[] = "dave@west.example";

PadView SomePad() {
  PadView pad;
  pad.send_mac_bytes = 1000;
  pad.send_otp_bytes = 2000;
  pad.receive_mac_bytes = 3000;
  pad.receive_otp_bytes = 4000;
  pad.total_bytes = 64 * 1024 * 1024;
  pad.wasted_bytes = 512;
  pad.source = "generator";
  pad.table = "00112233445566778899aabbccddeeff";
  pad.connected = true;
  return pad;
}

PadSupplyView SomeSupply() {
  PadSupplyView supply;
  supply.pads = {SomePad()};
  supply.left = 0.25;
  supply.time_left = absl::Hours(50);
  supply.wasted_bytes = 512;
  supply.syncs = 9;
  return supply;
}

// One that the hub does not have yet beside it.
PadSupplyView ReplenishedSupply() {
  PadSupplyView supply = SomeSupply();
  supply.pads.push_back(SomePad());
  supply.pads[1].table = "ffeeddccbbaa99887766554433221100";
  supply.pads[1].wasted_bytes = 0;
  supply.pads[1].connected = false;
  supply.left = 0.6;
  return supply;
}

HubView Hub(const std::string& name, const std::string& detail) {
  HubView hub;
  hub.name = name;
  hub.address = "127.0.0.1:7001";
  hub.connected = detail.empty();
  hub.detail = detail;
  hub.supply = detail.empty() ? SomeSupply() : ReplenishedSupply();
  return hub;
}

PeerView Peer(const std::string& name, const std::string& detail) {
  PeerView peer;
  peer.name = name;
  peer.ready = detail.empty();
  peer.detail = detail;
  peer.mode = "dske";
  peer.threshold = 2;
  peer.hubs = {"hub1@one.example", "hub2@two.example"};
  peer.freshness = "derived";
  peer.keys_ready = detail.empty() ? 3 : 0;
  peer.keys_accept = 1;
  peer.keys = {{"dial", "dske", "computational", 4},
               {"accept", "dske", "computational", 1}};
  peer.exchanges_ok = 17;
  peer.exchanges_failed = 4;
  return peer;
}

// Keys are mixed, or would be if there were hubs; a jump waits.
PeerView MixedPeer() {
  PeerView peer = Peer(kCarol, "too few hubs answer");
  peer.mode = "both";
  peer.hubs_down = "unmediated_only";
  peer.lanes = LanesView{.address = "10.0.0.3:8443",
                         .connected = true,
                         .leaves_left = 4294965247,
                         .rollbacks_detected = 1,
                         .skipped_leaves = 5,
                         .reroots = 2,
                         .jump_waits = true,
                         .hubs_down = true};
  return peer;
}

PeerView UnmediatedPeer() {
  PeerView peer = Peer(kDave, "");
  peer.mode = "unmediated";
  peer.threshold = 0;
  peer.hubs.clear();
  peer.lanes = LanesView{.address = "10.0.0.4:8443",
                         .detail = "connection refused",
                         .leaves_left = 4294966271};
  return peer;
}

KeyView Key(const std::string& id, const std::string& role) {
  KeyView key;
  key.id = id;
  key.peer = kBob;
  key.role = role;
  key.state = "active";
  key.source = "dske";
  key.label = "information-theoretic";
  key.hubs = {"hub1@one.example", "hub2@two.example"};
  key.threshold = 2;
  key.age = absl::Seconds(90);
  key.expires_in = absl::Minutes(59);
  key.uses = 12;
  key.use_limit = 1048576;
  return key;
}

KeyView UnmediatedKey(const std::string& id) {
  KeyView key = Key(id, "dial");
  key.peer = kDave;
  key.source = "unmediated";
  key.label = "computational";
  key.hubs.clear();
  key.threshold = 0;
  return key;
}

TunnelView Tunnel() {
  TunnelView tunnel;
  tunnel.name = "to-bob";
  tunnel.kind = "outbound";
  tunnel.listen = "127.0.0.1:8080";
  tunnel.target = "10.0.0.2:8443";
  tunnel.peers = {kBob};
  tunnel.connections_open = 5;
  tunnel.connections_total = 100;
  tunnel.connections_failed = 2;
  tunnel.handshakes_ok = 97;
  tunnel.handshakes_refused = 3;
  tunnel.handshakes_failed = 1;
  tunnel.sent_bytes = 1000000;
  tunnel.received_bytes = 2000000;
  return tunnel;
}

EnrolledAgentView Enrolled(const std::string& name, const std::string& detail) {
  EnrolledAgentView agent;
  agent.name = name;
  agent.connected = detail.empty();
  agent.detail = detail;
  agent.allow = {kBob};
  agent.supply = SomeSupply();
  agent.shares_relayed = 42;
  agent.shares_refused = 3;
  return agent;
}

}  // namespace

AgentView FakeAgentControl::Status() {
  AgentView view;
  view.name = "alice@north.example";
  view.version = "1.2.3";
  view.boringssl = "abcdef";
  view.uptime = absl::Hours(49);
  view.ready = false;
  view.detail = "no key for carol@east.example";
  view.hubs = {Hub("hub1@one.example", ""),
               Hub("hub2@two.example", "connection refused")};
  view.peers = {Peer(kBob, ""), MixedPeer(), UnmediatedPeer()};
  for (PeerView& peer : view.peers) {
    for (const KeyView& key : Keys()) {
      if (key.peer == peer.name) peer.newest_key = key;
    }
  }
  view.tunnels = {Tunnel()};
  return view;
}

std::vector<KeyView> FakeAgentControl::Keys() {
  std::vector<KeyView> keys = {Key("0000000000000001", "dial"),
                               Key("0000000000000002", "accept"),
                               UnmediatedKey("0000000000000005")};
  keys[1].peer = kCarol;
  keys[1].source = "both";
  keys[1].label = "computational";
  keys[1].expires_in = absl::InfiniteDuration();
  return keys;
}

absl::StatusOr<EstablishedView> FakeAgentControl::Establish(
    const std::string& peer, absl::Time deadline) {
  return NewKey("0000000000000003", peer, deadline);
}

absl::StatusOr<EstablishedView> FakeAgentControl::Rotate(
    const std::string& peer, absl::Time deadline) {
  return NewKey("0000000000000004", peer, deadline);
}

absl::Status FakeAgentControl::AllowJump(const std::string& peer) {
  MutexLock lock(&mutex_);
  if (peer == kBob || peer == kDave) {
    return absl::FailedPreconditionError("no jump waits for the operator");
  }
  if (peer != kCarol) {
    return absl::NotFoundError("peer " + peer + " is not configured");
  }
  return error_;
}

absl::StatusOr<EstablishedView> FakeAgentControl::NewKey(
    const std::string& id, const std::string& peer, absl::Time deadline) {
  MutexLock lock(&mutex_);
  last_deadline_ = deadline;
  if (peer != kBob) {
    return absl::NotFoundError("peer " + peer + " is not configured");
  }
  if (!error_.ok()) return error_;
  return EstablishedView{Key(id, "dial"), absl::Milliseconds(12)};
}

void FakeAgentControl::FailWith(absl::Status error) {
  MutexLock lock(&mutex_);
  error_ = std::move(error);
}

absl::Time FakeAgentControl::last_deadline() {
  MutexLock lock(&mutex_);
  return last_deadline_;
}

HubStatusView FakeHubControl::Status() {
  HubStatusView view;
  view.name = "hub1@one.example";
  view.version = "1.2.3";
  view.uptime = absl::Seconds(61);
  view.listen = "127.0.0.1:7001";
  view.exchanges_waiting = 7;
  view.shares = {{"relayed", 5}, {"not_allowed", 2}};
  view.agents = {Enrolled("alice@north.example", ""),
                 Enrolled(kBob, "has not connected yet")};
  return view;
}

absl::StatusOr<std::string> FakeAgentControl::AddTables(const std::string& toml,
                                                        bool replace) {
  MutexLock lock(&mutex_);
  if (!error_.ok()) return error_;
  return absl::StrCat(replace ? "replaced: " : "added: ", toml);
}

absl::StatusOr<std::string> FakeAgentControl::RemovePeer(
    const std::string& name) {
  MutexLock lock(&mutex_);
  if (!error_.ok()) return error_;
  return absl::StrCat("removed peer ", name);
}

absl::StatusOr<std::string> FakeAgentControl::RemoveTunnel(
    const std::string& name) {
  MutexLock lock(&mutex_);
  if (!error_.ok()) return error_;
  return absl::StrCat("removed tunnel ", name);
}

absl::StatusOr<std::string> FakeAgentControl::Reload() {
  MutexLock lock(&mutex_);
  if (!error_.ok()) return error_;
  return "2 pads: 1 new, 0 let go";
}

absl::StatusOr<std::string> FakeHubControl::Reload() {
  MutexLock lock(&mutex_);
  if (!error_.ok()) return error_;
  return "1 agent taken in";
}

void FakeHubControl::FailWith(absl::Status error) {
  MutexLock lock(&mutex_);
  error_ = std::move(error);
}

}  // namespace service
