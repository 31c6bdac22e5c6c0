#ifndef TLSBRIDGE_ALERT_STATUS_H_
#define TLSBRIDGE_ALERT_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tlsbridge {

// The fatal alerts (RFC 8446, section 6.2) that a connection has seen.
struct AlertsSeen {
  static constexpr int kNone = -1;
  int sent = kNone;
  int received = kNone;
};

// Why a connection failed, for Session::status(). During the handshake every
// alert that a failed authentication can bring is UNAUTHENTICATED, so that
// nobody tells an unknown identity from a wrong key. The text is `doing`, the
// alert, and what BoringSSL's error queue says, which is emptied.
absl::Status AlertStatus(absl::string_view doing, bool in_handshake,
                         const AlertsSeen& alerts);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_ALERT_STATUS_H_
