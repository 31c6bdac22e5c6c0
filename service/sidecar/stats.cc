#include "service/sidecar/stats.h"

#include <cstddef>

namespace service {

absl::string_view TunnelKindName(TunnelKind kind) {
  return kind == TunnelKind::kOutbound ? "outbound" : "inbound";
}

absl::string_view TlsRoleName(TunnelKind kind) {
  return kind == TunnelKind::kOutbound ? "client" : "server";
}

void CopyStats(const TunnelStats& stats, TunnelSnapshot& snapshot) {
  const auto read = [](const std::atomic<uint64_t>& value) {
    return value.load(std::memory_order_relaxed);
  };
  snapshot.open = read(stats.open);
  snapshot.handshaking = read(stats.handshaking);
  snapshot.total = read(stats.total);
  snapshot.failed = 0;
  for (ConnectionResult result : AllConnectionResults()) {
    const size_t i = static_cast<size_t>(result);
    snapshot.results[i] = read(stats.results[i]);
    if (IsFailure(result)) snapshot.failed += snapshot.results[i];
  }
  for (size_t i = 0; i < kHandshakeResults; ++i) {
    snapshot.handshakes[i] = read(stats.handshakes[i]);
  }
  snapshot.retries = read(stats.retries);
  snapshot.sent_bytes = read(stats.sent_bytes);
  snapshot.received_bytes = read(stats.received_bytes);
}

}  // namespace service
