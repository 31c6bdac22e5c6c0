#include "service/config/peer_reader.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "service/config/daemon_reader.h"
#include "skex/psk/mixing.h"

namespace service {
namespace {

constexpr uint32_t kMaxPool = 4096;
constexpr absl::Duration kShortest = absl::Milliseconds(100);
constexpr absl::Duration kWeek = absl::Hours(7 * 24);

// How many subsets of `k` there are of `n` things; capped far above
// kMaxShareSubsets.
uint64_t Subsets(uint64_t n, uint64_t k) {
  uint64_t count = 1;
  for (uint64_t i = 1; i <= std::min(k, n - k); ++i) {
    count = count * (n - i + 1) / i;
    if (count > (uint64_t{1} << 40)) return count;
  }
  return count;
}

std::vector<skex::HubId> ReadHubNames(const TomlTable& table,
                                      const std::vector<HubEntry>& hubs) {
  std::vector<skex::HubId> names;
  if (!table.Has("hubs")) {
    for (const HubEntry& hub : hubs) names.push_back(hub.name);
    return names;
  }
  const std::vector<std::string> texts =
      table.Strings("hubs", "hub1@one.example");
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto known = std::find_if(
        hubs.begin(), hubs.end(),
        [&](const HubEntry& hub) { return hub.name.text() == texts[i]; });
    if (known == hubs.end()) {
      absl::StatusOr<skex::HubId> name = skex::HubId::Parse(texts[i]);
      table.FailAtItem("hubs", i,
                       name.ok() ? absl::StrCat("hub '", texts[i],
                                                "' is not configured; add a "
                                                "[[hub]] with this name")
                                 : std::string(name.status().message()));
    } else if (std::find(names.begin(), names.end(), known->name) !=
               names.end()) {
      table.FailAtItem("hubs", i,
                       absl::StrCat("hub '", texts[i],
                                    "' is listed twice; remove "
                                    "one"));
    } else {
      names.push_back(known->name);
    }
  }
  return names;
}

// One operator that holds k shares knows every key.
void CheckOperators(const TomlTable& table, const PeerEntry& peer,
                    const std::vector<HubEntry>& hubs) {
  if (peer.central_trust) return;
  std::map<std::string, std::vector<std::string>> held;
  for (const HubEntry& hub : hubs) {
    if (std::find(peer.hubs.begin(), peer.hubs.end(), hub.name) !=
        peer.hubs.end()) {
      held[hub.operator_name].push_back(hub.name.text());
    }
  }
  for (const auto& [name, names] : held) {
    if (names.size() < peer.threshold) continue;
    table.FailAt(
        "threshold",
        absl::StrCat("operator '", name, "' runs ", names.size(), " hubs (",
                     absl::StrJoin(names, ", "), ") and with a threshold of ",
                     peer.threshold, " could read every key with '",
                     peer.name.text(),
                     "'; raise the threshold, use hubs of other operators, or "
                     "accept it with central_trust = true"));
  }
}

void CheckThreshold(const TomlTable& table, const PeerEntry& peer,
                    const std::vector<HubEntry>& hubs) {
  const uint64_t n = peer.hubs.size();
  if (n == 0) {
    table.Fail(absl::StrCat("peer '", peer.name.text(),
                            "' has no hub; add a [[hub]] for each hub at which "
                            "both agents are enrolled"));
    return;
  }
  if (n > kMaxHubs) {
    table.Fail(absl::StrCat("peer '", peer.name.text(), "' has ", n,
                            " hubs; choose at most ", kMaxHubs));
    return;
  }
  if (peer.threshold > n) {
    table.FailAt("threshold",
                 absl::StrCat("a threshold of ", peer.threshold,
                              " needs as many hubs, this peer has ", n,
                              "; lower the threshold or add hubs"));
    return;
  }
  if (peer.min_hubs < peer.threshold || peer.min_hubs > n) {
    table.FailAt("min_hubs",
                 absl::StrCat("'min_hubs' is ", peer.min_hubs,
                              "; choose from the threshold, ", peer.threshold,
                              ", to the number of hubs, ", n));
    return;
  }
  if (peer.threshold == 1 && !peer.central_trust) {
    table.FailAt("threshold",
                 "with a threshold of 1 every single hub can read every key; "
                 "raise it, or accept that with central_trust = true");
    return;
  }
  const uint64_t subsets = Subsets(n, peer.threshold);
  if (subsets > kMaxShareSubsets) {
    table.FailAt(
        "threshold",
        absl::StrCat(n, " hubs with a threshold of ", peer.threshold, " have ",
                     subsets, " subsets, at most ", kMaxShareSubsets,
                     " can be searched; use fewer hubs or another "
                     "threshold"));
    return;
  }
  CheckOperators(table, peer, hubs);
}

// Refuses `keys`, which would do nothing with the mode of the table.
void RefuseForMode(const TomlTable& table,
                   std::initializer_list<absl::string_view> keys,
                   absl::string_view modes) {
  for (const absl::string_view key : keys) {
    if (!table.Has(key)) continue;
    table.FailAt(key, absl::StrCat("'", key, "' is there only with mode ",
                                   modes, "; remove it, or change 'mode'"));
  }
}

// How keys are established, and what they need besides hubs.
void ReadMode(const TomlTable& table, const std::string& path,
              PeerEntry& peer) {
  peer.mode = table.Choice("mode", peer.mode,
                           {{"dske", skex::KeySource::kDske},
                            {"unmediated", skex::KeySource::kUnmediated},
                            {"both", skex::KeySource::kBoth}});
  if (!table.ok()) return;
  if (!peer.UsesLanes()) {
    RefuseForMode(table, {"address"}, "\"unmediated\" or \"both\"");
  } else if (table.Has("address")) {
    peer.address = ReadEndpoint(table, "address", "10.0.0.2:8443", path, {});
  }
  if (peer.mode != skex::KeySource::kBoth) {
    RefuseForMode(table, {"hubs_down"}, "\"both\"");
  } else {
    peer.unmediated_when_hubs_down =
        table.Choice("hubs_down", peer.unmediated_when_hubs_down,
                     {{"fail_closed", false}, {"unmediated_only", true}});
  }
}

void ReadHubPolicy(const TomlTable& table, const std::vector<HubEntry>& hubs,
                   PeerEntry& peer) {
  peer.hubs = ReadHubNames(table, hubs);
  peer.threshold = static_cast<uint32_t>(
      table.RequiredInteger("threshold", 1, kMaxHubs, "2"));
  peer.min_hubs = static_cast<uint32_t>(
      table.Integer("min_hubs", peer.threshold, 1, kMaxHubs));
  peer.central_trust = table.Bool("central_trust", false);
  peer.exchange_timeout =
      table.Duration("exchange_timeout", peer.exchange_timeout,
                     absl::Milliseconds(10), absl::Minutes(5));
  if (table.ok()) CheckThreshold(table, peer, hubs);
}

void ReadKeyBytes(const TomlTable& table, PeerEntry& peer) {
  peer.key_bytes = static_cast<uint16_t>(table.Integer(
      "key_bytes", peer.key_bytes, skex::kLeastKeyBytes, skex::kMostKeyBytes));
  if (peer.mode == skex::KeySource::kBoth &&
      peer.key_bytes != skex::kMixedKeySize) {
    table.FailAt(
        "key_bytes",
        absl::StrCat("'key_bytes' is ", peer.key_bytes,
                     "; with mode \"both\" choose ", skex::kMixedKeySize,
                     ", the only size of keys that are mixed"));
  }
  if (skex::IsKeySize(peer.key_bytes, peer.freshness)) return;
  table.FailAt(
      "key_bytes",
      absl::StrCat("'key_bytes' is ", peer.key_bytes, "; with freshness \"",
                   skex::FreshnessName(peer.freshness),
                   "\" choose a multiple of 16 from ", skex::kLeastKeyBytes,
                   " to ", skex::MostKeyBytes(peer.freshness)));
}

// Life of a key and stock of keys.
void ReadKeyLife(const TomlTable& table, PeerEntry& peer) {
  peer.freshness = table.Choice("freshness", peer.freshness,
                                {{"derived", skex::Freshness::kDerived},
                                 {"exchange", skex::Freshness::kExchange},
                                 {"delivery", skex::Freshness::kDelivery}});
  ReadKeyBytes(table, peer);
  peer.rekey_interval =
      table.Duration("rekey_interval", peer.rekey_interval, kShortest, kWeek);
  peer.key_lifetime = table.Duration("key_lifetime", peer.key_lifetime,
                                     absl::Seconds(1), kWeek);
  peer.overlap =
      table.Duration("overlap", peer.overlap, absl::ZeroDuration(), kWeek);
  peer.connections_per_key = static_cast<uint32_t>(
      table.Integer("connections_per_key", peer.connections_per_key, 1,
                    kMaxConnectionsPerKey));
  peer.pool_low = static_cast<uint32_t>(
      table.Integer("pool_low", peer.pool_low, 1, kMaxPool));
  peer.pool_high = static_cast<uint32_t>(table.Integer(
      "pool_high", std::max(peer.pool_high, peer.pool_low), 1, kMaxPool));
  if (peer.pool_high < peer.pool_low) {
    table.FailAt("pool_high",
                 absl::StrCat("'pool_high' is ", peer.pool_high,
                              ", less than pool_low, ", peer.pool_low,
                              "; raise it or lower pool_low"));
  }
  if (peer.rekey_interval + peer.overlap > peer.key_lifetime) {
    table.FailAt(
        table.Has("key_lifetime") ? "key_lifetime" : "rekey_interval",
        absl::StrCat("a key would be used for ",
                     absl::FormatDuration(peer.rekey_interval), " and kept ",
                     absl::FormatDuration(peer.overlap),
                     " longer, but expires after ",
                     absl::FormatDuration(peer.key_lifetime),
                     "; make key_lifetime at least rekey_interval + overlap"));
  }
}

// No tunnel leads to a peer whose keys are for delivery.
void CheckDeliveryAddress(const TomlTable& table, const PeerEntry& peer) {
  if (peer.freshness != skex::Freshness::kDelivery || !peer.UsesLanes() ||
      peer.address.has_value()) {
    return;
  }
  table.FailAt("freshness",
               absl::StrCat("no tunnel leads to peer '", peer.name.text(),
                            "' with freshness \"delivery\", so nothing says "
                            "where it answers; add for example address = "
                            "\"10.0.0.2:8443\""));
}

std::optional<PeerEntry> ReadPeer(const TomlTable& table,
                                  const std::string& path,
                                  const skex::AgentId& self,
                                  const std::vector<HubEntry>& hubs,
                                  const std::vector<PeerEntry>& others) {
  std::optional<skex::AgentId> name = table.Parsed<skex::AgentId>(
      "name", "bob@south.example", &skex::AgentId::Parse);
  if (!name.has_value()) return std::nullopt;
  if (*name == self) {
    table.FailAt("name",
                 "this agent cannot be its own peer; name the other "
                 "agent");
  }
  for (const PeerEntry& other : others) {
    if (other.name == *name) {
      table.FailAt("name", absl::StrCat("peer '", name->text(),
                                        "' is configured twice; remove one"));
    }
  }
  PeerEntry peer{.name = *name, .hubs = {}};
  ReadMode(table, path, peer);
  if (peer.UsesHubs()) {
    ReadHubPolicy(table, hubs, peer);
  } else {
    RefuseForMode(
        table,
        {"hubs", "threshold", "min_hubs", "central_trust", "exchange_timeout"},
        "\"dske\" or \"both\"");
  }
  if (!table.ok()) return std::nullopt;
  ReadKeyLife(table, peer);
  CheckDeliveryAddress(table, peer);
  return peer;
}

}  // namespace

void ReadPeers(const TomlTable& root, const std::string& path,
               AgentConfig& config) {
  for (const TomlTable& table :
       root.Tables("peer", {"name", "mode", "hubs_down", "address", "hubs",
                            "threshold", "min_hubs", "central_trust",
                            "freshness", "key_bytes", "rekey_interval",
                            "key_lifetime", "overlap", "connections_per_key",
                            "pool_low", "pool_high", "exchange_timeout"})) {
    std::optional<PeerEntry> peer =
        ReadPeer(table, path, config.name, config.hubs, config.peers);
    if (!peer.has_value() || !table.ok()) return;
    config.peers.push_back(*std::move(peer));
  }
}

}  // namespace service
