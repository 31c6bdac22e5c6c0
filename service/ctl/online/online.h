#ifndef SERVICE_CTL_ONLINE_ONLINE_H_
#define SERVICE_CTL_ONLINE_ONLINE_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace service {

// What the operator asks of a running daemon.
enum class OnlineVerb {
  kStatus,     // agents and hubs
  kPeers,      // agents
  kKeys,       // agents; of `peer`, or all
  kEstablish,  // agents; needs `peer`
  kRotate,     // agents; needs `peer`
  kAllowJump,  // agents; needs `peer`
  kTake,       // agents; another API, see take.h
  kTop,        // agents and hubs, again and again; see top.h
  kAgents,     // hubs
  kReload,
  kAdd,           // agents; `tables`
  kRemovePeer,    // agents; needs `peer`
  kRemoveTunnel,  // agents; `peer` is the tunnel's name
};

struct OnlineRequest {
  OnlineVerb verb = OnlineVerb::kStatus;
  std::string peer;
  std::string tables;    // to add, TOML
  bool replace = false;  // what was added under the same name
  std::string socket;    // the daemon's admin socket
  bool hub = false;      // the daemon is a hub
  bool json = false;     // print JSON
  absl::Duration timeout = absl::Seconds(5);
};

// INVALID_ARGUMENT with the way out unless `verb` is one for hubs, or for
// agents.
absl::Status CheckKind(OnlineVerb verb, bool hub);

// Asks the daemon and prints its answer to `out`; or, to `err`, one line with
// the reason why there is none and the way out. The verb must be one for this
// kind of daemon, and not kTake or kTop. Returns the exit status of the
// program: 0, or 1 if it failed.
int RunOnline(const OnlineRequest& request, std::ostream& out,
              std::ostream& err);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_ONLINE_H_
