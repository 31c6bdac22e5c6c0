#ifndef SERVICE_SIDECAR_LANE_ANSWERER_H_
#define SERVICE_SIDECAR_LANE_ANSWERER_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace service {

// What came of one message of unmediated key establishment.
struct LaneReply {
  // As skex::LaneResponder::OnMessage() returns it.
  // - OK: the message verified; from now on the connection may wait for more.
  // - INVALID_ARGUMENT, NOT_FOUND, DATA_LOSS: whoever sent it has shown
  //   nothing. The connection is closed and `messages` are not sent.
  // - Anything else: the message is refused, and the connection goes on for as
  //   long as it would have without it.
  absl::Status status;
  // The other agent, for the log; empty if not known.
  std::string peer;
  // The answers, whole messages, in order. May be none.
  std::vector<std::string> messages;
};

// Answers the lane messages that come to an agent's inbound tunnels: the
// responding ends of its lanes. Whose lane it is and whether the message is
// from there only the answerer knows.
//
// Thread-safe; called on the sidecar's workers, and must not block them.
class LaneAnswerer {
 public:
  using Done = absl::AnyInvocable<void(LaneReply)>;

  virtual ~LaneAnswerer() = default;

  // Whether there are lanes at all: without any, what is no TLS is no message
  // either.
  virtual bool HasLanes() const { return true; }

  // Answers `message`, which is whole but in no way verified. Calls `done` once
  // its consequences are durable: once, on any thread, within the call or
  // later, even after the sidecar is gone. An answerer that shuts down may drop
  // it: then the connection ends by its time-out.
  virtual void OnLaneMessage(std::string message, Done done) = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_LANE_ANSWERER_H_
