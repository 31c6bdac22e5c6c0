#include "service/config/agent_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/config/daemon_reader.h"
#include "service/config/hub_reader.h"
#include "service/config/managed_tables.h"
#include "service/config/peer_reader.h"
#include "service/config/strict_toml.h"
#include "service/config/tunnel_reader.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

constexpr uint32_t kMostConnections = 1000000;

std::vector<TlsGroup> ReadGroups(const TomlTable& table) {
  constexpr std::pair<absl::string_view, TlsGroup> kGroups[] = {
      {"x25519", TlsGroup::kX25519},
      {"p256", TlsGroup::kP256},
      {"p384", TlsGroup::kP384}};
  std::vector<TlsGroup> groups;
  const std::vector<std::string> texts = table.Strings("groups", "x25519");
  if (texts.empty()) {
    table.FailAt("groups",
                 "'groups' is empty; name at least one of: x25519, p256, p384");
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto* known = std::find_if(
        std::begin(kGroups), std::end(kGroups),
        [&](const auto& group) { return group.first == texts[i]; });
    if (known == std::end(kGroups)) {
      table.FailAtItem(
          "groups", i,
          absl::StrCat("unknown group '", absl::CHexEscape(texts[i]),
                       "'; use some of: x25519, p256, p384"));
    } else if (std::find(groups.begin(), groups.end(), known->second) !=
               groups.end()) {
      table.FailAtItem("groups", i,
                       absl::StrCat("group '", texts[i],
                                    "' is listed twice; remove "
                                    "one"));
    } else {
      groups.push_back(known->second);
    }
  }
  return groups;
}

TlsConfig ReadTls(const TomlTable& root) {
  TlsConfig tls;
  const TomlTable table = root.Table("tls", {"cipher", "groups"});
  tls.cipher =
      table.Choice("cipher", tls.cipher,
                   {{"aes256gcm", TlsCipher::kAes256Gcm},
                    {"aes128gcm", TlsCipher::kAes128Gcm},
                    {"chacha20poly1305", TlsCipher::kChaCha20Poly1305}});
  if (table.Has("groups")) tls.groups = ReadGroups(table);
  return tls;
}

AgentLimits ReadLimits(const TomlTable& root) {
  AgentLimits limits;
  const TomlTable table = root.Table(
      "limits", {"connections", "handshakes", "connections_per_source",
                 "connect_timeout", "handshake_timeout", "idle_timeout",
                 "max_age", "drain_timeout", "key_wait"});
  const absl::Duration zero = absl::ZeroDuration();
  const absl::Duration shortest = absl::Milliseconds(10);
  limits.connections = static_cast<uint32_t>(
      table.Integer("connections", limits.connections, 1, kMostConnections));
  limits.handshakes = static_cast<uint32_t>(
      table.Integer("handshakes", limits.handshakes, 1, kMostConnections));
  limits.connections_per_source = static_cast<uint32_t>(
      table.Integer("connections_per_source", limits.connections_per_source, 0,
                    kMostConnections));
  limits.connect_timeout = table.Duration(
      "connect_timeout", limits.connect_timeout, shortest, absl::Minutes(10));
  limits.handshake_timeout =
      table.Duration("handshake_timeout", limits.handshake_timeout, shortest,
                     absl::Minutes(10));
  limits.idle_timeout = table.Duration("idle_timeout", limits.idle_timeout,
                                       zero, absl::Hours(7 * 24));
  limits.max_age =
      table.Duration("max_age", limits.max_age, zero, absl::Hours(365 * 24));
  limits.drain_timeout = table.Duration("drain_timeout", limits.drain_timeout,
                                        zero, absl::Hours(24));
  limits.key_wait =
      table.Duration("key_wait", limits.key_wait, zero, absl::Minutes(10));
  return limits;
}

// A peer with lanes answers where the first tunnel to it leads, unless its
// table says otherwise.
void FillAddresses(AgentConfig& config) {
  for (PeerEntry& peer : config.peers) {
    if (!peer.UsesLanes() || peer.address.has_value()) continue;
    const auto tunnel = std::find_if(
        config.outbounds.begin(), config.outbounds.end(),
        [&](const OutboundEntry& known) { return known.peer == peer.name; });
    if (tunnel != config.outbounds.end()) peer.address = tunnel->connect;
  }
}

std::string ReadDeliverySocket(const TomlTable& root, const std::string& path,
                               const AgentConfig& config) {
  const bool needed = std::any_of(
      config.peers.begin(), config.peers.end(), [](const PeerEntry& peer) {
        return peer.freshness == skex::Freshness::kDelivery;
      });
  if (!root.Has("delivery")) {
    if (needed) {
      root.Fail(
          "a peer has freshness \"delivery\", but nobody could take its keys; "
          "add [delivery] with for example socket = \"delivery.sock\"");
    }
    return "";
  }
  const TomlTable table = root.Table("delivery", {"socket"});
  const std::string socket =
      ResolvePath(path, table.RequiredString("socket", "delivery.sock"));
  if (socket.size() > kMaxUnixPathSize) {
    table.FailAt("socket", absl::StrCat("the path of the delivery socket has ",
                                        socket.size(), " bytes, at most ",
                                        kMaxUnixPathSize,
                                        " are possible; set a shorter one"));
  } else if (socket == config.daemon.admin_socket) {
    table.FailAt("socket",
                 "this is the admin socket; give the delivery its own");
  }
  return socket;
}

// The parts of an agent's configuration that may stand in more than one
// document, in the order in which they build on each other.
absl::Status ReadTables(const TomlTable& root, const TomlDocument& document,
                        const std::string& path,
                        const std::vector<MoreTables>& more,
                        AgentConfig& config) {
  std::vector<TomlDocument> documents = {document};
  std::vector<TomlTable> roots = {root};
  for (const MoreTables& tables : more) {
    absl::StatusOr<TomlDocument> other =
        TomlDocument::Parse(tables.label, tables.text);
    if (!other.ok()) return other.status();
    roots.push_back(other->Root({"peer", "outbound", "inbound"}));
    documents.push_back(*std::move(other));
  }
  for (size_t i = 0; i < roots.size(); ++i) {
    if (roots[i].ok()) ReadPeers(roots[i], path, config);
    if (!roots[i].ok()) return documents[i].status();
  }
  for (size_t i = 0; i < roots.size(); ++i) {
    ReadTunnels(roots[i], path, config);
    if (!roots[i].ok()) return documents[i].status();
  }
  return absl::OkStatus();
}

// What was added at run time to an agent with this state folder.
absl::StatusOr<std::vector<MoreTables>> ReadManaged(
    const std::string& state_dir) {
  const std::string path = ManagedTablesPath(state_dir);
  absl::StatusOr<std::string> text =
      ReadManagedTables(*PosixFileSystem(), path);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        text.status().message(), "; check the file and its permissions"));
  }
  return std::vector<MoreTables>{{path, *std::move(text)}};
}

// `more`: null for what was added at run time.
absl::StatusOr<AgentConfig> Load(const std::string& path,
                                 const std::vector<MoreTables>* more) {
  absl::StatusOr<TomlDocument> document = TomlDocument::Load(path);
  if (!document.ok()) return document.status();
  const TomlTable root = document->Root(
      {"name", "state_dir", "admin", "metrics", "log", "audit", "tls", "limits",
       "delivery", "hub", "peer", "outbound", "inbound"});
  const std::optional<skex::AgentId> name = root.Parsed<skex::AgentId>(
      "name", "alice@north.example", &skex::AgentId::Parse);
  if (!root.ok()) return document->status();
  AgentConfig config{.name = *name,
                     .daemon = ReadDaemon(root, path),
                     .tls = ReadTls(root),
                     .limits = ReadLimits(root),
                     .hubs = ReadHubs(root, path)};
  if (!root.ok()) return document->status();
  std::vector<MoreTables> managed;
  if (more == nullptr) {
    absl::StatusOr<std::vector<MoreTables>> read =
        ReadManaged(config.daemon.state_dir);
    if (!read.ok()) return read.status();
    managed = *std::move(read);
    more = &managed;
  }
  absl::Status status = ReadTables(root, *document, path, *more, config);
  if (!status.ok()) return status;
  FillAddresses(config);
  config.delivery_socket = ReadDeliverySocket(root, path, config);
  if (!root.ok()) return document->status();
  return config;
}

}  // namespace

absl::StatusOr<AgentConfig> LoadAgentConfig(const std::string& path) {
  return Load(path, nullptr);
}

absl::StatusOr<AgentConfig> LoadAgentConfig(
    const std::string& path, const std::vector<MoreTables>& more) {
  return Load(path, &more);
}

}  // namespace service
