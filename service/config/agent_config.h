#ifndef SERVICE_CONFIG_AGENT_CONFIG_H_
#define SERVICE_CONFIG_AGENT_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/config/daemon_config.h"
#include "service/config/endpoint.h"
#include "skex/base/ids.h"
#include "skex/pad/pad_source.h"
#include "skex/psk/key.h"

namespace service {

// The configuration of an agent, as docs/operations.md describes the file.
// Plain values, checked as a whole by LoadAgentConfig(); the defaults below
// are those of the file.

// More hubs would make the search for k consistent shares too long.
inline constexpr uint32_t kMaxHubs = 32;
// Most k-subsets of a peer's hubs that a responder may have to try.
inline constexpr uint64_t kMaxShareSubsets = 20000;
inline constexpr uint32_t kMaxConnectionsPerKey = 1u << 20;

enum class TlsCipher { kAes256Gcm, kAes128Gcm, kChaCha20Poly1305 };
enum class TlsGroup { kX25519, kP256, kP384 };

struct TlsConfig {
  TlsCipher cipher = TlsCipher::kAes256Gcm;
  std::vector<TlsGroup> groups = {TlsGroup::kX25519, TlsGroup::kP256,
                                  TlsGroup::kP384};

  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

struct AgentLimits {
  uint32_t connections = 9000;
  uint32_t handshakes = 512;            // under way at a time
  uint32_t connections_per_source = 0;  // zero: no limit
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration handshake_timeout = absl::Seconds(10);
  absl::Duration idle_timeout = absl::ZeroDuration();  // zero: none
  absl::Duration max_age = absl::ZeroDuration();       // zero: none
  // Also for a connection that is older than max_age.
  absl::Duration drain_timeout = absl::Seconds(10);
  absl::Duration key_wait = absl::Milliseconds(500);

  friend bool operator==(const AgentLimits&, const AgentLimits&) = default;
};

// [[hub]]: a hub at which this agent is enrolled.
struct HubEntry {
  skex::HubId name;
  Endpoint address;
  // Paths of the agent's halves of the pads, oldest first: 1 to
  // skex::kMostPads, each file once in all hubs.
  std::vector<std::string> pads;
  std::string operator_name;  // one operator is one trust unit
  // The lowest source that a pad may have; none: see skex::CheckPadSources(),
  // which the reader of the pads asks.
  std::optional<skex::PadSource> least_source = std::nullopt;

  friend bool operator==(const HubEntry&, const HubEntry&) = default;
};

// [[peer]]: another agent, and the local policy for keys with it.
struct PeerEntry {
  skex::AgentId name;
  // Known hubs, each once; none, and no policy for them, with mode kUnmediated.
  std::vector<skex::HubId> hubs;
  uint32_t threshold = 0;      // k
  uint32_t min_hubs = 0;       // smallest n, threshold <= min_hubs
  bool central_trust = false;  // one operator may hold k shares
  // How keys are established.
  skex::KeySource mode = skex::KeySource::kDske;
  // With kBoth: while too few hubs can be reached, keys are unmediated alone.
  // Else there are none then.
  bool unmediated_when_hubs_down = false;
  // Where the peer takes lane messages, its inbound tunnel; TCP. None: this
  // agent answers on the peer's lane, and begins nothing on its own.
  std::optional<Endpoint> address = std::nullopt;
  skex::Freshness freshness = skex::Freshness::kDerived;
  uint16_t key_bytes = 32;
  absl::Duration rekey_interval = absl::Seconds(60);
  absl::Duration key_lifetime = absl::Hours(1);
  absl::Duration overlap = absl::Seconds(30);
  uint32_t connections_per_key = kMaxConnectionsPerKey;
  uint32_t pool_low = 2;
  uint32_t pool_high = 4;
  absl::Duration exchange_timeout = absl::Seconds(3);

  bool UsesHubs() const { return mode != skex::KeySource::kUnmediated; }
  bool UsesLanes() const { return mode != skex::KeySource::kDske; }

  friend bool operator==(const PeerEntry&, const PeerEntry&) = default;
};

// [[outbound]]: plain in, TLS out to `peer` at `connect`.
struct OutboundEntry {
  std::string name;
  Endpoint listen;
  skex::AgentId peer;
  Endpoint connect;           // TCP
  bool accept_proxy = false;  // a PROXY header comes from the app's side
  bool send_proxy = false;    // and one goes to the peer's backend
};

// [[inbound]]: TLS in from the agents in `allow`, plain out to `forward`.
struct InboundEntry {
  std::string name;
  Endpoint listen;  // TCP
  std::vector<skex::AgentId> allow;
  Endpoint forward;
  bool accept_proxy = false;  // a PROXY header comes before TLS
  bool send_proxy = false;    // and one goes to `forward`
};

struct AgentConfig {
  skex::AgentId name;
  DaemonConfig daemon;
  TlsConfig tls;
  AgentLimits limits;
  std::vector<HubEntry> hubs = {};
  std::vector<PeerEntry> peers = {};
  std::vector<OutboundEntry> outbounds = {};
  std::vector<InboundEntry> inbounds = {};
  // Where applications take the keys of peers with freshness "delivery"; empty:
  // nowhere, and there is no such peer.
  std::string delivery_socket = {};
};

// Tables of [[peer]], [[outbound]] and [[inbound]] that go behind those of the
// file, from elsewhere. Relative paths in them are relative to the file all the
// same.
struct MoreTables {
  std::string label;  // instead of the file's name in errors
  std::string text;
};

// Reads and checks the file at `path`, and what was added at run time, see
// ManagedTables. Returns INVALID_ARGUMENT with one line,
// `FILE:LINE:COL: what is wrong; way out`, for a file that is missing,
// unreadable, not TOML, or breaks any rule; the first error counts. Reads no
// other file, but checks that every pad is there. Lanes are state, and not
// looked for: the agent says at its start if a pair was not imported.
absl::StatusOr<AgentConfig> LoadAgentConfig(const std::string& path);

// The same with `more` instead of what was added at run time.
absl::StatusOr<AgentConfig> LoadAgentConfig(
    const std::string& path, const std::vector<MoreTables>& more);

}  // namespace service

#endif  // SERVICE_CONFIG_AGENT_CONFIG_H_
