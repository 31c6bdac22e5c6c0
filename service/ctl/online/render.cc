#include "service/ctl/online/render.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/ctl/json_text.h"
#include "service/ctl/online/message_json.h"
#include "service/ctl/online/message_text.h"
#include "service/ctl/online/table.h"
#include "service/ctl/online/units.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

std::string OfHubs(uint32_t threshold, int hubs) {
  return absl::StrCat(threshold, " of ", hubs);
}

// "information-theoretic, dske 2 of 3: ...", "computational, unmediated".
std::string Origin(const api::Key& key) {
  if (key.hubs().empty()) return absl::StrCat(key.label(), ", ", key.source());
  return absl::StrCat(key.label(), ", ", key.source(), " ",
                      OfHubs(key.threshold(), key.hubs_size()), ": ",
                      absl::StrJoin(key.hubs(), " "));
}

std::vector<Table::Column> WithPadColumns(std::vector<Table::Column> columns) {
  for (const char* heading : {"SEND MAC", "SEND OTP", "RECV MAC", "RECV OTP"}) {
    columns.push_back({heading, true});
  }
  return columns;
}

std::vector<std::string> WithPads(std::vector<std::string> cells,
                                  const api::PadSupply& supply) {
  std::array<uint64_t, 4> sums{};
  for (const api::Pad& pad : supply.pads()) {
    sums[0] += pad.send_mac_bytes();
    sums[1] += pad.send_otp_bytes();
    sums[2] += pad.receive_mac_bytes();
    sums[3] += pad.receive_otp_bytes();
  }
  for (uint64_t bytes : sums) cells.push_back(BytesText(bytes));
  return cells;
}

void AddPadNotes(const api::PadSupply& supply, Table& table) {
  std::string left = absl::StrCat(LeftText(supply), " left");
  if (supply.has_time_left()) {
    absl::StrAppend(&left, ", for about ", DurationText(supply.time_left()));
  }
  for (const api::Pad& pad : supply.pads()) {
    std::string note =
        absl::StrCat("pad ", pad.table_id(), " (", pad.source(),
                     "): ", BytesText(pad.total_bytes()), " in all, ",
                     BytesText(pad.wasted_bytes()), " wasted");
    if (supply.pads_size() == 1) {
      absl::StrAppend(&note, "; ", left);
    } else if (!pad.connected()) {
      absl::StrAppend(&note, "; the other end has not shown it");
    }
    table.AddNote(note);
  }
  if (supply.pads_size() > 1) {
    table.AddNote(absl::StrCat(supply.pads_size(), " pads: ", left));
  }
}

// What a peer has with whom keys do not come through hubs alone.
void AddLaneNotes(const api::Peer& peer, Table& table) {
  if (!peer.has_lanes()) return;
  const api::Lanes& lanes = peer.lanes();
  std::string lane = absl::StrCat("mode ", peer.mode());
  if (!peer.hubs_down().empty()) {
    absl::StrAppend(&lane, ", ", peer.hubs_down());
  }
  if (lanes.address().empty()) {
    absl::StrAppend(&lane, "; only the peer begins");
  } else {
    absl::StrAppend(&lane, "; lane to ", lanes.address(), " ");
    if (lanes.connected()) {
      absl::StrAppend(&lane, "connected");
    } else if (lanes.detail().empty()) {
      absl::StrAppend(&lane, "idle");
    } else {
      absl::StrAppend(&lane, "down (", lanes.detail(), ")");
    }
  }
  table.AddNote(absl::StrCat(lane, ", ", lanes.leaves_left(), " leaves left"));
  table.AddNote(absl::StrCat("lanes: ", lanes.reroots(), " re-rooted, ",
                             lanes.skipped_leaves(), " leaves skipped, ",
                             lanes.rollbacks_detected(), " rollbacks"));
  if (lanes.hubs_down()) {
    table.AddNote("too few hubs: new keys are unmediated alone");
  }
  if (lanes.jump_waits()) {
    table.AddNote(
        absl::StrCat("the lane waits for skexctl allow-jump ", peer.name()));
  }
}

Table PeerTable(const google::protobuf::RepeatedPtrField<api::Peer>& peers) {
  Table table({{"PEER"},
               {"STATE"},
               {"HUBS"},
               {"FRESHNESS"},
               {"KEYS", true},
               {"ACCEPT", true},
               {"OK", true},
               {"FAILED", true}});
  for (const api::Peer& peer : peers) {
    table.AddRow(
        {peer.name(), peer.ready() ? "ready" : "not ready",
         peer.hubs().empty() ? "none"
                             : OfHubs(peer.threshold(), peer.hubs_size()),
         peer.freshness(), absl::StrCat(peer.keys_ready()),
         absl::StrCat(peer.keys_accept()), absl::StrCat(peer.exchanges_ok()),
         absl::StrCat(peer.exchanges_failed())});
    table.AddNote(peer.detail());
    for (const std::string& hub : peer.left_out()) table.AddNote(hub);
    AddLaneNotes(peer, table);
  }
  return table;
}

Table HubTable(const google::protobuf::RepeatedPtrField<api::Hub>& hubs) {
  Table table(WithPadColumns({{"HUB"}, {"STATE"}}));
  for (const api::Hub& hub : hubs) {
    table.AddRow(WithPads({hub.name(), hub.connected() ? "connected" : "away"},
                          hub.pad_supply()));
    table.AddNote(hub.connected()
                      ? hub.address()
                      : absl::StrCat(hub.address(), ": ", hub.detail()));
    AddPadNotes(hub.pad_supply(), table);
  }
  return table;
}

Table TunnelTable(
    const google::protobuf::RepeatedPtrField<api::Tunnel>& tunnels) {
  Table table({{"TUNNEL"},
               {"KIND"},
               {"LISTEN"},
               {"OPEN", true},
               {"TOTAL", true},
               {"FAILED", true}});
  for (const api::Tunnel& tunnel : tunnels) {
    table.AddRow({tunnel.name(), tunnel.kind(), tunnel.listen(),
                  absl::StrCat(tunnel.connections_open()),
                  absl::StrCat(tunnel.connections_total()),
                  absl::StrCat(tunnel.connections_failed())});
    table.AddNote(absl::StrCat("to ", tunnel.target(), ", peers: ",
                               absl::StrJoin(tunnel.peers(), " ")));
  }
  return table;
}

template <typename Response>
void RenderNewKey(absl::string_view what, const Response& response,
                  std::ostream& out) {
  const api::Key& key = response.key();
  PrintWrapped(out, 0,
               absl::StrCat(what, " ", key.id(), " for ", key.peer(), ", in ",
                            DurationText(response.took())));
  PrintWrapped(out, 0, Origin(key));
}

}  // namespace

void Render(const api::AgentStatus& status, std::ostream& out) {
  PrintWrapped(out, 0,
               absl::StrCat("agent ", status.name(), ", version ",
                            status.version(), ", ", status.boringssl(), ", up ",
                            DurationText(status.uptime())));
  PrintWrapped(
      out, 0,
      status.ready() ? "ready" : absl::StrCat("not ready: ", status.detail()));
  if (!status.hubs().empty()) {
    out << "\n";
    HubTable(status.hubs()).Print(out);
  }
  out << "\n";
  PeerTable(status.peers()).Print(out);
  if (status.tunnels().empty()) return;
  out << "\n";
  TunnelTable(status.tunnels()).Print(out);
}

void Render(const api::ListPeersResponse& peers, std::ostream& out) {
  if (peers.peers().empty()) out << "no peers\n";
  PeerTable(peers.peers()).Print(out);
}

void Render(const api::ListKeysResponse& keys, std::ostream& out) {
  if (keys.keys().empty()) out << "no keys\n";
  std::map<std::string, std::vector<const api::Key*>> by_peer;
  for (const api::Key& key : keys.keys()) by_peer[key.peer()].push_back(&key);
  for (const auto& [peer, its_keys] : by_peer) {
    if (peer != by_peer.begin()->first) out << "\n";
    PrintWrapped(out, 0, peer);
    Table table({{"KEY"},
                 {"ROLE"},
                 {"STATE"},
                 {"AGE", true},
                 {"EXPIRES", true},
                 {"USES", true}});
    for (const api::Key* key : its_keys) {
      table.AddRow(
          {key->id(), key->role(), key->state(), DurationText(key->age()),
           key->has_expires_in() ? DurationText(key->expires_in()) : "never",
           absl::StrCat(key->uses())});
      table.AddNote(Origin(*key));
    }
    table.Print(out);
  }
}

void Render(const api::EstablishKeyResponse& established, std::ostream& out) {
  RenderNewKey("established key", established, out);
}

void Render(const api::RotateKeyResponse& rotated, std::ostream& out) {
  RenderNewKey("connections now use key", rotated, out);
}

void Render(const api::AllowJumpResponse&, std::ostream& out) {
  PrintWrapped(out, 0, "allowed: the lane goes on behind the jump");
}

void Render(const api::HubStatus& status, std::ostream& out) {
  PrintWrapped(
      out, 0,
      absl::StrCat("hub ", status.name(), ", version ", status.version(),
                   ", up ", DurationText(status.uptime())));
  PrintWrapped(out, 0, absl::StrCat("listens on ", status.listen()));
  PrintWrapped(out, 0,
               absl::StrCat(status.agents_connected(), " of ",
                            status.agents_enrolled(), " agents connected, ",
                            status.exchanges_waiting(), " exchanges waiting"));
}

void Render(const api::ListAgentsResponse& agents, std::ostream& out) {
  if (agents.agents().empty()) out << "no agents are enrolled\n";
  Table table(WithPadColumns({{"AGENT"}, {"STATE"}}));
  for (const api::EnrolledAgent& agent : agents.agents()) {
    table.AddRow(
        WithPads({agent.name(), agent.connected() ? "connected" : "away"},
                 agent.pad_supply()));
    table.AddNote(agent.detail());
    table.AddNote(absl::StrCat("shares: ", agent.shares_relayed(), " relayed, ",
                               agent.shares_refused(), " refused"));
    table.AddNote(agent.allow().empty()
                      ? std::string("nobody may establish keys with it")
                      : absl::StrCat("may be reached by: ",
                                     absl::StrJoin(agent.allow(), " ")));
    AddPadNotes(agent.pad_supply(), table);
  }
  table.Print(out);
}

void Render(const api::ReloadResponse& reloaded, std::ostream& out) {
  PrintWrapped(out, 0, absl::StrCat("reloaded: ", reloaded.summary()));
}

void RenderJson(const google::protobuf::Message& message, std::ostream& out) {
  out << JsonText(MessageToJson(message));
}

}  // namespace service
