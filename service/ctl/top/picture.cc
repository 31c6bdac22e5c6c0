#include "service/ctl/top/picture.h"

#include <cstdint>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "service/ctl/online/message_text.h"
#include "service/ctl/online/table.h"
#include "service/ctl/online/units.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

constexpr absl::string_view kUnknown = "-";
constexpr absl::string_view kHelp =
    "q quit  p pause, go on  space, r ask now  h hide this";

// "0.25", "17.3", "1234".
std::string RateText(double rate) {
  if (rate == 0) return "0";
  if (rate < 10) return absl::StrFormat("%.2f", rate);
  if (rate < 1000) return absl::StrFormat("%.1f", rate);
  return absl::StrFormat("%.0f", rate);
}

std::string RateText(const Rates& rates, const std::string& name) {
  const auto found = rates.find(name);
  return found == rates.end() ? std::string(kUnknown) : RateText(found->second);
}

std::string ByteRateText(const Rates& rates, const std::string& name) {
  const auto found = rates.find(name);
  if (found == rates.end()) return std::string(kUnknown);
  return BytesText(static_cast<uint64_t>(found->second));
}

// A label of keys, in a few letters.
std::string ShortLabel(const std::string& label) {
  return label == "information-theoretic" ? "IT" : label.substr(0, 4);
}

std::vector<std::string> PeerLines(const api::AgentStatus& status,
                                   const Figures& figures, size_t width) {
  Table table({{"PEER"},
               {"STATE"},
               {"KEYS", true},
               {"SOURCE"},
               {"LABEL"},
               {"AGE", true},
               {"OK/S", true},
               {"FAIL/S", true}});
  for (int i = 0; i < status.peers_size(); ++i) {
    const api::Peer& peer = status.peers(i);
    const Rates& rates = figures.peers[i];
    std::vector<std::string> cells = {peer.name(),
                                      peer.ready() ? "ready" : "no key",
                                      absl::StrCat(peer.keys_ready())};
    if (peer.has_newest_key()) {
      const api::Key& key = peer.newest_key();
      cells.insert(cells.end(), {key.source(), ShortLabel(key.label()),
                                 DurationText(key.age())});
    } else {
      cells.insert(cells.end(), 3, std::string(kUnknown));
    }
    cells.push_back(RateText(rates, "exchanges_ok"));
    cells.push_back(RateText(rates, "exchanges_failed"));
    table.AddRow(cells);
    table.AddNote(peer.detail());
    if (peer.lanes().hubs_down()) {
      table.AddNote("too few hubs: new keys are unmediated alone");
    }
    if (peer.lanes().jump_waits()) {
      table.AddNote(
          absl::StrCat("the lane waits for skexctl allow-jump ", peer.name()));
    }
  }
  return table.LinesWithin(width);
}

std::vector<std::string> TunnelLines(const api::AgentStatus& status,
                                     const Figures& figures, size_t width) {
  Table table({{"TUNNEL"},
               {"KIND"},
               {"OPEN", true},
               {"NEW/S", true},
               {"REFUSED/S", true},
               {"SENT/S", true},
               {"RECEIVED/S", true}});
  for (int i = 0; i < status.tunnels_size(); ++i) {
    const api::Tunnel& tunnel = status.tunnels(i);
    const Rates& rates = figures.tunnels[i];
    table.AddRow({tunnel.name(), tunnel.kind(),
                  absl::StrCat(tunnel.connections_open()),
                  RateText(rates, "connections_total"),
                  RateText(rates, "handshakes_refused"),
                  ByteRateText(rates, "sent_bytes"),
                  ByteRateText(rates, "received_bytes")});
  }
  return table.LinesWithin(width);
}

// The cells about the pads with one other end.
std::vector<std::string> PadCells(const api::PadSupply& supply) {
  return {absl::StrCat(supply.pads_size()), LeftText(supply),
          supply.has_time_left() ? DurationText(supply.time_left())
                                 : std::string(kUnknown)};
}

std::vector<std::string> HubLines(const api::AgentStatus& status,
                                  size_t width) {
  Table table(
      {{"HUB"}, {"STATE"}, {"PADS", true}, {"LEFT", true}, {"LASTS", true}});
  for (const api::Hub& hub : status.hubs()) {
    std::vector<std::string> cells = {hub.name(),
                                      hub.connected() ? "connected" : "away"};
    for (std::string& cell : PadCells(hub.pad_supply())) {
      cells.push_back(std::move(cell));
    }
    table.AddRow(cells);
    if (!hub.connected()) table.AddNote(hub.detail());
  }
  return table.LinesWithin(width);
}

std::vector<std::string> AgentLines(const HubSample& sample,
                                    const Figures& figures, size_t width) {
  Table table({{"AGENT"},
               {"STATE"},
               {"PADS", true},
               {"LEFT", true},
               {"LASTS", true},
               {"SHARES/S", true},
               {"REFUSED/S", true}});
  for (int i = 0; i < sample.agents.agents_size(); ++i) {
    const api::EnrolledAgent& agent = sample.agents.agents(i);
    const Rates& rates = figures.agents[i];
    std::vector<std::string> cells = {agent.name(),
                                      agent.connected() ? "connected" : "away"};
    for (std::string& cell : PadCells(agent.pad_supply())) {
      cells.push_back(std::move(cell));
    }
    cells.push_back(RateText(rates, "shares_relayed"));
    cells.push_back(RateText(rates, "shares_refused"));
    table.AddRow(cells);
    if (!agent.connected()) table.AddNote(agent.detail());
  }
  return table.LinesWithin(width);
}

// One of each kind of daemon: its kind, how it is, and its tables.

absl::string_view KindOf(const AgentSample&) { return "agent"; }
absl::string_view KindOf(const HubSample&) { return "hub"; }

std::string StateOf(const AgentSample& sample) {
  if (sample.status.ready()) return "ready";
  return absl::StrCat("not ready: ", sample.status.detail());
}

std::string StateOf(const HubSample& sample) {
  const api::HubStatus& status = sample.status;
  return absl::StrCat(status.agents_connected(), " of ",
                      status.agents_enrolled(), " agents connected, ",
                      status.exchanges_waiting(), " exchanges waiting");
}

std::vector<std::vector<std::string>> TablesOf(const AgentSample& sample,
                                               const Figures& figures,
                                               size_t width) {
  return {PeerLines(sample.status, figures, width),
          TunnelLines(sample.status, figures, width),
          HubLines(sample.status, width)};
}

std::vector<std::vector<std::string>> TablesOf(const HubSample& sample,
                                               const Figures& figures,
                                               size_t width) {
  return {AgentLines(sample, figures, width)};
}

// `right` at the end of the line, if there is room for it.
std::string HeadLine(const std::string& left, const std::string& right,
                     size_t width) {
  // With two blanks between them, and some of `left` to be seen.
  const size_t taken = right.size() + 2;
  if (width < 2 * taken) return CutText(left, width);
  std::string line = CutText(left, width - taken);
  line.resize(width - right.size(), ' ');
  return line + right;
}

template <typename Answer>
std::vector<std::string> Lines(const Answer& answer, const Figures& figures,
                               const Scene& scene, size_t width) {
  const std::string head = absl::StrCat(
      KindOf(answer), " ", answer.status.name(), ", version ",
      answer.status.version(), ", up ", DurationText(answer.status.uptime()));
  std::string state = scene.trouble.empty()
                          ? StateOf(answer)
                          : absl::StrCat("not reachable: ", scene.trouble);
  if (scene.paused) state = absl::StrCat("paused; ", state);
  std::vector<std::string> lines = {
      HeadLine(PrintableText(head),
               absl::FormatTime("%H:%M:%S", scene.time, scene.zone), width),
      CutText(PrintableText(state), width)};
  for (const auto& table : TablesOf(answer, figures, width)) {
    if (table.empty()) continue;
    lines.emplace_back();
    lines.insert(lines.end(), table.begin(), table.end());
  }
  return lines;
}

}  // namespace

std::vector<std::string> Picture(const Figures& figures, const Scene& scene,
                                 const ScreenSize& size) {
  std::vector<std::string> lines = std::visit(
      [&](const auto& answer) {
        return Lines(answer, figures, scene, size.columns);
      },
      figures.answer);
  const size_t help = scene.help ? 1 : 0;
  const size_t room = size.rows > help ? size.rows - help : 0;
  if (lines.size() > room) {
    const size_t shown = room > 0 ? room - 1 : 0;
    const size_t more = lines.size() - shown;
    lines.resize(shown);
    if (room > 0) {
      lines.push_back(
          CutText(absl::StrCat("... ", more, " more lines"), size.columns));
    }
  }
  if (scene.help && size.rows > 0) {
    lines.push_back(CutText(kHelp, size.columns));
  }
  return lines;
}

}  // namespace service
