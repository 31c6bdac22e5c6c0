#include "service/sidecar/connection_result.h"

namespace service {
namespace {

constexpr std::array<absl::string_view, kConnectionResults> kConnectionNames = {
    "closed",
    "app_reset",
    "peer_reset",
    "truncated",
    "tls_error",
    "no_key",
    "unreachable",
    "backend_down",
    "refused",
    "unknown_identity",
    "not_allowed",
    "replayed",
    "handshake_error",
    "handshake_timeout",
    "bad_proxy_header",
    "key_exchange",
    "key_exchange_refused",
    "idle_timeout",
    "max_age",
    "limit",
    "source_limit",
    "stopped",
};

constexpr std::array<absl::string_view, kHandshakeResults> kHandshakeNames = {
    "ok", "refused", "error", "timeout"};

}  // namespace

const std::array<ConnectionResult, kConnectionResults>& AllConnectionResults() {
  static constexpr auto kAll = [] {
    std::array<ConnectionResult, kConnectionResults> all{};
    for (size_t i = 0; i < all.size(); ++i) {
      all[i] = static_cast<ConnectionResult>(i);
    }
    return all;
  }();
  return kAll;
}

absl::string_view ConnectionResultName(ConnectionResult result) {
  return kConnectionNames[static_cast<size_t>(result)];
}

bool IsFailure(ConnectionResult result) {
  switch (result) {
    case ConnectionResult::kClosed:
    case ConnectionResult::kAppReset:
    case ConnectionResult::kKeyExchange:
    case ConnectionResult::kIdle:
    case ConnectionResult::kMaxAge:
    case ConnectionResult::kStopped:
      return false;
    default:
      return true;
  }
}

absl::string_view HandshakeResultName(HandshakeResult result) {
  return kHandshakeNames[static_cast<size_t>(result)];
}

}  // namespace service
