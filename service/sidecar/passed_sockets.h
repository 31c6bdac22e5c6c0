#ifndef SERVICE_SIDECAR_PASSED_SOCKETS_H_
#define SERVICE_SIDECAR_PASSED_SOCKETS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/config/endpoint.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/socket_address.h"

namespace service {

// PassedSockets are listening sockets that whoever started the program opened
// for it: socket activation, as sd_listen_fds(3) describes it. They are told
// apart by their own addresses alone, so that a name or a place in a list
// cannot put one where it does not belong. Those that nobody took are closed
// with it. Move-only; thread-compatible.
class PassedSockets {
 public:
  // None.
  PassedSockets() = default;

  // Takes the sockets that $LISTEN_PID, $LISTEN_FDS and $LISTEN_FDNAMES speak
  // of, none if they are meant for another process, and removes the variables
  // from the environment. Once, before there are other threads. Returns
  // INVALID_ARGUMENT if $LISTEN_FDS is no number, and Of()'s errors.
  static absl::StatusOr<PassedSockets> FromEnvironment();

  // The sockets with these file descriptors, and their names for messages;
  // there may be fewer of these. Returns INVALID_ARGUMENT if one is no
  // listening stream socket of TCP or Unix.
  static absl::StatusOr<PassedSockets> Of(
      std::vector<OwnedFd> fds, const std::vector<std::string>& names);

  // Hands out the socket that listens at `endpoint`, if there is one. Asks the
  // resolver for a host name, but only if there is any socket at all. Returns
  // UNAVAILABLE if that knows none.
  absl::StatusOr<absl::optional<ListenSocket>> Take(const Endpoint& endpoint);

  // Returns INVALID_ARGUMENT that names the first socket that is still here,
  // and says `way_out`.
  absl::Status CheckAllTaken(absl::string_view way_out) const;

 private:
  struct Socket {
    OwnedFd fd;
    SocketAddress address;
    std::string name;  // as messages say it
  };

  std::vector<Socket> sockets_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_PASSED_SOCKETS_H_
