#ifndef SERVICE_SIDECAR_OPTIONS_H_
#define SERVICE_SIDECAR_OPTIONS_H_

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "service/config/endpoint.h"
#include "skex/base/ids.h"

namespace service {

// Bounds of the whole sidecar. Times are rounded up to the next 10 ms.
struct SidecarLimits {
  // Connections open at once, over all tunnels, handshakes included. One more
  // is reset at once.
  size_t connections = 9000;
  // Handshakes under way at once, for each tunnel. The tunnel accepts no
  // further connection until one is done; clients wait in the backlog.
  size_t handshakes = 512;
  // Connections open at once from one source (see Source), over all tunnels.
  // One more is reset at once. Zero: as many as there may be.
  size_t connections_per_source = 0;
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration handshake_timeout = absl::Seconds(10);
  // A connection on which nothing moves for so long is reset. Zero: never.
  absl::Duration idle_timeout = absl::ZeroDuration();
  // A relayed connection that is older, counted from accept, ends at its first
  // quiet moment (see Relay), or is reset once max_age_patience has passed as
  // well. Zero: no connection is too old.
  absl::Duration max_age = absl::ZeroDuration();
  absl::Duration max_age_patience = absl::Seconds(10);
  // The same as idle_timeout for connections that carry lane messages, from one
  // to the next.
  absl::Duration lane_idle_timeout = absl::Seconds(30);
  // How long an outbound connection waits for a key, and, after a refusal,
  // for a key that was not refused.
  absl::Duration key_wait = absl::Milliseconds(500);
};

// Plain in, PSK-TLS out.
struct OutboundOptions {
  std::string name;
  Endpoint listen;  // plain; TCP port 0 lets the system choose
  skex::AgentId peer;
  Endpoint connect;  // the peer's inbound tunnel
  // A PROXY header comes before the app's bytes, and is taken off.
  bool accept_proxy = false;
  // A PROXY header goes to the peer's backend, before the app's bytes.
  bool send_proxy = false;

  friend bool operator==(const OutboundOptions&,
                         const OutboundOptions&) = default;
};

// PSK-TLS in, plain out.
struct InboundOptions {
  std::string name;
  Endpoint listen;  // TLS; TCP port 0 lets the system choose
  std::vector<skex::AgentId> allow;
  Endpoint forward;  // plain
  // A PROXY header comes before TLS, and is taken off.
  bool accept_proxy = false;
  // A PROXY header goes to the backend, before the peer's bytes. It has the
  // peer's name.
  bool send_proxy = false;

  friend bool operator==(const InboundOptions&,
                         const InboundOptions&) = default;
};

using TunnelOptions = std::variant<OutboundOptions, InboundOptions>;

struct SidecarOptions {
  std::vector<OutboundOptions> outbound;
  std::vector<InboundOptions> inbound;
  SidecarLimits limits;
  // Threads; 0 is one for each processor.
  size_t workers = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_OPTIONS_H_
