#ifndef SERVICE_SIDECAR_PSK_PROVIDER_H_
#define SERVICE_SIDECAR_PSK_PROVIDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/base/ids.h"
#include "skex/psk/psk.h"

namespace service {

// A PSK that the inbound side found for an offered identity.
struct FoundPsk {
  skex::Psk psk;
  skex::AgentId peer;  // who dials with it; checked against the allow list
};

// Where the sidecar gets the PSK of each connection. Declared here by its
// user. All functions are thread-safe and never block on the network.
class PskProvider {
 public:
  virtual ~PskProvider() = default;

  // Outbound: a fresh PSK for one connection to `peer`; never the same twice.
  // Returns UNAVAILABLE with the reason when there is none now (the caller
  // waits a bounded time, then refuses the connection), NOT_FOUND if the peer
  // is not configured.
  virtual absl::StatusOr<skex::Psk> Take(const skex::AgentId& peer) = 0;

  // Outbound: the peer refused a PSK with the generic alert. It may have
  // restarted; a key of a new exchange is asked for, at a limited rate. Take()
  // will not return PSKs of the key of `identity` any more if a newer key
  // becomes available.
  virtual void ReportRefused(const skex::AgentId& peer,
                             absl::string_view identity) = 0;

  // Inbound: the PSK for an external identity. NOT_FOUND for everything that
  // is not acceptable: malformed, unknown, expired, index used or too high.
  virtual absl::StatusOr<FoundPsk> Find(absl::string_view identity) = 0;

  // Inbound: the binder for `identity` has verified. Marks it as used. Returns
  // ALREADY_EXISTS if it was used before, NOT_FOUND if its key is gone; the
  // caller then aborts the session.
  virtual absl::Status Accept(absl::string_view identity) = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_PSK_PROVIDER_H_
