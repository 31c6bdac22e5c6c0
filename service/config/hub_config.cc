#include "service/config/hub_config.h"

#include <optional>

#include "service/config/daemon_reader.h"
#include "service/config/strict_toml.h"

namespace service {
namespace {

constexpr uint32_t kMostExchanges = 1 << 20;

HubLimits ReadLimits(const TomlTable& root) {
  HubLimits limits;
  const TomlTable table = root.Table("limits", {"exchanges", "share_wait"});
  limits.exchanges = static_cast<uint32_t>(
      table.Integer("exchanges", limits.exchanges, 1, kMostExchanges));
  limits.share_wait =
      table.Duration("share_wait", limits.share_wait, absl::Milliseconds(100),
                     absl::Minutes(10));
  return limits;
}

}  // namespace

absl::StatusOr<HubConfig> LoadHubConfig(const std::string& path) {
  absl::StatusOr<TomlDocument> document = TomlDocument::Load(path);
  if (!document.ok()) return document.status();
  const TomlTable root = document->Root({"name", "listen", "state_dir", "admin",
                                         "metrics", "log", "audit", "limits"});
  const std::optional<skex::HubId> name =
      root.Parsed<skex::HubId>("name", "hub1@one.example", &skex::HubId::Parse);
  const std::optional<Endpoint> listen =
      ReadEndpoint(root, "listen", "127.0.0.1:7001", path, {.port_zero = true});
  if (!root.ok()) return document->status();
  HubConfig config{.name = *name,
                   .listen = *listen,
                   .daemon = ReadDaemon(root, path),
                   .limits = ReadLimits(root)};
  if (!root.ok()) return document->status();
  return config;
}

}  // namespace service
