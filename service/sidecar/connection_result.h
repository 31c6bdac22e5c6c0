#ifndef SERVICE_SIDECAR_CONNECTION_RESULT_H_
#define SERVICE_SIDECAR_CONNECTION_RESULT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace service {

// How a connection of a tunnel ended. A closed set: it labels metrics. "App"
// is the plain side, whichever program that is; "peer" is the TLS side. "Lane
// messages" are those of unmediated key establishment, which come without TLS.
enum class ConnectionResult : uint8_t {
  kClosed,              // both directions ended in order
  kAppReset,            // the app's side broke
  kPeerReset,           // the peer's side broke
  kTruncated,           // the peer's TCP ended unannounced, or in a message
  kTlsError,            // a bad record or an alert after the handshake
  kNoKey,               // outbound: no key within key_wait
  kUnreachable,         // outbound: the remote end could not be connected to
  kBackendDown,         // inbound: the forward target could not be connected to
  kRefused,             // one of the ends did not accept the other's PSK
  kUnknownIdentity,     // inbound: no offered identity is known
  kNotAllowed,          // inbound: the peer is not in the tunnel's allow list
  kReplayed,            // inbound: the identity was used before
  kHandshakeError,      // not TLS 1.3, or cut during the handshake
  kHandshakeTimeout,    // no end of the handshake within handshake_timeout
  kBadProxyHeader,      // it began with no PROXY header, where one is due
  kKeyExchange,         // inbound: it carried lane messages, and ended in order
  kKeyExchangeRefused,  // inbound: a lane message did not verify
  kIdle,                // nothing moved for as long as is allowed
  kMaxAge,              // it was older than is allowed
  kLimit,               // refused at once: too many connections
  kSourceLimit,         // refused at once: too many from one source
  kStopped,             // the sidecar stopped
};

inline constexpr size_t kConnectionResults =
    static_cast<size_t>(ConnectionResult::kStopped) + 1;

// All of them, in order.
const std::array<ConnectionResult, kConnectionResults>& AllConnectionResults();

// The name in metrics and logs: "closed", "app_reset", ...
absl::string_view ConnectionResultName(ConnectionResult result);

// Whether it counts as a failure of the tunnel. Orderly and idle ends, those of
// old age, ends that the app caused and ends by a stop do not.
bool IsFailure(ConnectionResult result);

// How a handshake ended.
enum class HandshakeResult : uint8_t {
  kOk,
  kRefused,  // authentication failed, on this or on the other end
  kError,    // not TLS 1.3, or cut
  kTimeout,
};

inline constexpr size_t kHandshakeResults =
    static_cast<size_t>(HandshakeResult::kTimeout) + 1;

// "ok", "refused", "error", "timeout".
absl::string_view HandshakeResultName(HandshakeResult result);

}  // namespace service

#endif  // SERVICE_SIDECAR_CONNECTION_RESULT_H_
