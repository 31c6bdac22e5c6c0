#ifndef SERVICE_SIDECAR_STATS_H_
#define SERVICE_SIDECAR_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/sidecar/connection_result.h"
#include "skex/psk/psk.h"

namespace service {

enum class TunnelKind : uint8_t { kOutbound, kInbound };

// "outbound", "inbound".
absl::string_view TunnelKindName(TunnelKind kind);

// The role in TLS: an outbound tunnel is the client, an inbound one the server.
// "client", "server".
absl::string_view TlsRoleName(TunnelKind kind);

// What one tunnel has done since its start. Counters only grow; gauges are
// marked. Read by metrics at any time. Thread-safe: single values are exact,
// together they are of about the same moment.
struct TunnelStats {
  std::atomic<uint64_t> open{0};  // gauge: connections
  // Gauge: of these, not yet relaying, and with no lane message that verified.
  std::atomic<uint64_t> handshaking{0};
  std::atomic<uint64_t> total{0};  // connections accepted
  std::array<std::atomic<uint64_t>, kConnectionResults> results{};
  std::array<std::atomic<uint64_t>, kHandshakeResults> handshakes{};
  std::atomic<uint64_t> retries{0};  // outbound: tried again after a refusal
  // Application bytes: to the peer, from the peer.
  std::atomic<uint64_t> sent_bytes{0};
  std::atomic<uint64_t> received_bytes{0};
};

// A copy of the same as plain values, with what the tunnel is.
struct TunnelSnapshot {
  std::string name;
  TunnelKind kind = TunnelKind::kOutbound;
  std::string listen;  // the bound address, with the port the system chose
  std::string target;  // where connections go to
  std::vector<std::string> peers;

  uint64_t open = 0;
  uint64_t handshaking = 0;
  uint64_t total = 0;
  uint64_t failed = 0;  // sum of the results for which IsFailure()
  std::array<uint64_t, kConnectionResults> results{};
  std::array<uint64_t, kHandshakeResults> handshakes{};
  uint64_t retries = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;

  uint64_t Count(ConnectionResult result) const {
    return results[static_cast<size_t>(result)];
  }
  uint64_t Count(HandshakeResult result) const {
    return handshakes[static_cast<size_t>(result)];
  }
};

// Copies the counters of `stats` into `snapshot`.
void CopyStats(const TunnelStats& stats, TunnelSnapshot& snapshot);

// One finished handshake.
struct HandshakeSample {
  absl::string_view tunnel;
  TunnelKind kind = TunnelKind::kOutbound;
  HandshakeResult result = HandshakeResult::kOk;
  absl::optional<skex::PskForm> form;  // with kOk
  absl::Duration took;
};

// Where samples go, beside the counters: metrics that need each value. Called
// from all workers: must be thread-safe, and quick.
class SidecarObserver {
 public:
  virtual ~SidecarObserver() = default;
  virtual void OnHandshake(const HandshakeSample& sample) = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_STATS_H_
