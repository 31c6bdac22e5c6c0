#include "service/config/tunnel_reader.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/config/daemon_reader.h"

namespace service {
namespace {

constexpr size_t kMaxTunnelName = 64;

// A tunnel's name labels metrics and log lines.
bool IsTunnelName(absl::string_view name) {
  return name.size() <= kMaxTunnelName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

class TunnelReader {
 public:
  TunnelReader(const TomlTable& root, const std::string& path,
               AgentConfig& config)
      : root_(root), path_(path), config_(config) {
    for (const OutboundEntry& known : config.outbounds) {
      names_.insert(known.name);
      listens_.insert(known.listen.ToString());
    }
    for (const InboundEntry& known : config.inbounds) {
      names_.insert(known.name);
      listens_.insert(known.listen.ToString());
    }
  }

  void Read() {
    for (const TomlTable& table : root_.Tables(
             "outbound", {"name", "listen", "peer", "connect", "accept_proxy",
                          "send_proxy", "unsafe_listen"})) {
      ReadOutbound(table);
    }
    for (const TomlTable& table : root_.Tables(
             "inbound", {"name", "listen", "allow", "forward", "accept_proxy",
                         "send_proxy", "unsafe_forward"})) {
      ReadInbound(table);
    }
  }

 private:
  void ReadOutbound(const TomlTable& table) {
    const std::string name = ReadName(table, "to-bob");
    const std::optional<Endpoint> listen =
        ReadEndpoint(table, "listen", "127.0.0.1:8080", path_,
                     {.port_zero = true, .unix_socket = true});
    const std::optional<skex::AgentId> peer = table.Parsed<skex::AgentId>(
        "peer", "bob@south.example", &skex::AgentId::Parse);
    const std::optional<Endpoint> connect =
        ReadEndpoint(table, "connect", "10.0.0.2:8443", path_, {});
    const bool accept_proxy = table.Bool("accept_proxy", false);
    const bool send_proxy = table.Bool("send_proxy", false);
    const bool unsafe = table.Bool("unsafe_listen", false);
    if (!table.ok()) return;
    CheckPlainSide(table, "listen", *listen, unsafe, "unsafe_listen");
    CheckListen(table, *listen);
    const std::string objection = Objection(*peer);
    if (!objection.empty()) table.FailAt("peer", objection);
    config_.outbounds.push_back({.name = name,
                                 .listen = *listen,
                                 .peer = *peer,
                                 .connect = *connect,
                                 .accept_proxy = accept_proxy,
                                 .send_proxy = send_proxy});
  }

  void ReadInbound(const TomlTable& table) {
    const std::string name = ReadName(table, "web");
    const std::optional<Endpoint> listen = ReadEndpoint(
        table, "listen", "0.0.0.0:8443", path_, {.port_zero = true});
    const std::optional<Endpoint> forward = ReadEndpoint(
        table, "forward", "127.0.0.1:80", path_, {.unix_socket = true});
    const bool accept_proxy = table.Bool("accept_proxy", false);
    const bool send_proxy = table.Bool("send_proxy", false);
    const bool unsafe = table.Bool("unsafe_forward", false);
    std::vector<skex::AgentId> allow = ReadAllow(table);
    if (!table.ok()) return;
    CheckPlainSide(table, "forward", *forward, unsafe, "unsafe_forward");
    CheckListen(table, *listen);
    config_.inbounds.push_back({.name = name,
                                .listen = *listen,
                                .allow = std::move(allow),
                                .forward = *forward,
                                .accept_proxy = accept_proxy,
                                .send_proxy = send_proxy});
  }

  std::string ReadName(const TomlTable& table, absl::string_view example) {
    const std::string name = table.RequiredString("name", example);
    if (!IsTunnelName(name)) {
      table.FailAt("name", absl::StrCat("'", absl::CHexEscape(name),
                                        "' is not a tunnel's name; use "
                                        "letters, digits, '-', '_' and '.', at "
                                        "most ",
                                        kMaxTunnelName, " of them"));
    }
    if (!names_.insert(name).second) {
      table.FailAt("name", absl::StrCat("tunnel '", name,
                                        "' is configured twice; rename one"));
    }
    return name;
  }

  std::vector<skex::AgentId> ReadAllow(const TomlTable& table) {
    std::vector<skex::AgentId> allow;
    const std::vector<std::string> texts =
        table.Strings("allow", "alice@north.example");
    if (texts.empty() && !TakesLaneMessagesOnly()) {
      table.FailAt("allow",
                   "an inbound tunnel without allowed peers serves nobody; "
                   "add for example allow = [\"alice@north.example\"]");
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(texts[i]);
      if (!name.ok()) {
        table.FailAtItem("allow", i, name.status().message());
      } else if (std::string why = Objection(*name); !why.empty()) {
        table.FailAtItem("allow", i, why);
      } else if (std::find(allow.begin(), allow.end(), *name) != allow.end()) {
        table.FailAtItem("allow", i,
                         absl::StrCat("'", name->text(),
                                      "' is listed twice; remove "
                                      "one"));
      } else {
        allow.push_back(*std::move(name));
      }
    }
    return allow;
  }

  // Peers that use no tunnel may still have lanes, whose messages come to one.
  bool TakesLaneMessagesOnly() const {
    return std::any_of(config_.peers.begin(), config_.peers.end(),
                       [](const PeerEntry& peer) {
                         return peer.UsesLanes() &&
                                peer.freshness == skex::Freshness::kDelivery;
                       });
  }

  void CheckPlainSide(const TomlTable& table, absl::string_view key,
                      const Endpoint& endpoint, bool unsafe,
                      absl::string_view flag) {
    if (endpoint.IsLocal() || unsafe) return;
    table.FailAt(
        key, absl::StrCat("'", key, "' is ", endpoint.ToString(),
                          ", where unprotected bytes would leave this machine; "
                          "use a loopback address or unix:/path, or accept it "
                          "with ",
                          flag, " = true"));
  }

  void CheckListen(const TomlTable& table, const Endpoint& listen) {
    const bool any_port =
        listen.kind == Endpoint::Kind::kTcp && listen.port == 0;
    if (any_port || listens_.insert(listen.ToString()).second) return;
    table.FailAt("listen",
                 absl::StrCat("two tunnels listen on ", listen.ToString(),
                              "; change one of them"));
  }

  // Why no tunnel can go to or come from `name`; empty if one can.
  std::string Objection(const skex::AgentId& name) const {
    const auto peer = std::find_if(
        config_.peers.begin(), config_.peers.end(),
        [&](const PeerEntry& known) { return known.name == name; });
    if (peer == config_.peers.end()) {
      return absl::StrCat("peer '", name.text(),
                          "' is not configured; add a [[peer]] with this name");
    }
    if (peer->freshness == skex::Freshness::kDelivery) {
      return absl::StrCat("the keys with peer '", name.text(),
                          "' are for delivery, not for TLS; give the peer "
                          "another freshness");
    }
    return "";
  }

  const TomlTable& root_;
  const std::string& path_;
  AgentConfig& config_;
  std::set<std::string> names_;
  std::set<std::string> listens_;
};

}  // namespace

void ReadTunnels(const TomlTable& root, const std::string& path,
                 AgentConfig& config) {
  TunnelReader(root, path, config).Read();
}

}  // namespace service
