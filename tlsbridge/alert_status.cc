#include "tlsbridge/alert_status.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace tlsbridge {
namespace {

// Whether a handshake that ends with this alert has failed to authenticate: the
// binder or Finished is wrong, the identity unknown, or the peer wants
// something other than our PSK.
bool IsAuthentication(int alert, bool received) {
  switch (alert) {
    case SSL_AD_ILLEGAL_PARAMETER:
      // What OpenSSL and GnuTLS answer to a wrong binder.
      return received;
    case SSL_AD_MISSING_EXTENSION:
      // What a client sends to a server that wants no PSK.
      return !received;
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_DECRYPT_ERROR:
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
      return true;
    default:
      return false;
  }
}

std::string Named(absl::string_view direction, int alert) {
  return absl::StrCat(" alert ", direction, ": ",
                      SSL_alert_desc_string_long(alert), " (", alert, ")");
}

absl::StatusCode CodeFor(bool in_handshake, const AlertsSeen& alerts) {
  const bool received = alerts.received != AlertsSeen::kNone;
  if (in_handshake &&
      IsAuthentication(received ? alerts.received : alerts.sent, received)) {
    return absl::StatusCode::kUnauthenticated;
  }
  if (received && !in_handshake) return absl::StatusCode::kAborted;
  return absl::StatusCode::kInvalidArgument;
}

}  // namespace

absl::Status AlertStatus(absl::string_view doing, bool in_handshake,
                         const AlertsSeen& alerts) {
  std::string text = absl::StrCat(doing, ":");
  if (alerts.received != AlertsSeen::kNone) {
    absl::StrAppend(&text, Named("received", alerts.received));
  } else {
    if (alerts.sent != AlertsSeen::kNone) {
      absl::StrAppend(&text, Named("sent", alerts.sent));
    }
    const uint32_t error = ERR_peek_error();
    const char* reason = ERR_reason_error_string(error);
    if (error != 0 && reason != nullptr) {
      absl::StrAppend(&text, " [", reason, "]");
    }
  }
  ERR_clear_error();
  return absl::Status(CodeFor(in_handshake, alerts), text);
}

}  // namespace tlsbridge
