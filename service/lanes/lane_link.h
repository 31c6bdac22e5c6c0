#ifndef SERVICE_LANES_LANE_LINK_H_
#define SERVICE_LANES_LANE_LINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/config/endpoint.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"
#include "service/sidecar/dialer.h"
#include "service/sidecar/lane_socket.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/worker.h"
#include "skex/base/ids.h"
#include "skex/ratchet/messages.h"

namespace service {

// What a link tells its user. None may be empty. They may call
// LaneLinks::Send().
struct LaneLinkCallbacks {
  // It is connected: what is under way can be sent again.
  absl::AnyInvocable<void(const skex::AgentId& peer)> on_up;
  // One whole M2 or STALE came; nothing of it is verified.
  absl::AnyInvocable<void(const skex::AgentId& peer, std::string message)>
      on_message;
  // It is not connected any more, or could not be; what was not sent is
  // dropped. OK if it was closed because it was idle; INVALID_ARGUMENT if the
  // peer sent anything else than answers; UNAVAILABLE or DEADLINE_EXCEEDED if
  // the network, or the peer, is the reason.
  absl::AnyInvocable<void(const skex::AgentId& peer, absl::Status why)> on_down;
};

struct LaneLinkLimits {
  absl::Duration connect_timeout = absl::Seconds(5);
  // A connection on which no message moves for so long is closed.
  absl::Duration idle_timeout = absl::Seconds(10);
  // Bytes that wait to be sent: those of 64 of the largest messages.
  size_t unsent = 64 * skex::kM1Size;
};

// LaneLink is the connection to one peer, made again whenever there is
// something to send:
//
//   down --Send()--> connecting --> up --(idle, broken)--> down
//                        `--(cannot be made)--> down
//
// A peer may answer each message once. One that sends more is cut off: so what
// comes in, and has to be verified, is bounded by what went out.
//
// Thread-compatible: belongs to its worker's thread, which must have ended
// before it is destroyed.
class LaneLink : public Connection,
                 public std::enable_shared_from_this<LaneLink> {
 public:
  // `worker` and `callbacks` must outlive it.
  LaneLink(Worker& worker, const skex::AgentId& peer, const Endpoint& address,
           const LaneLinkLimits& limits, LaneLinkCallbacks& callbacks);

  // See LaneLinks.
  void Open();
  void Send(absl::string_view message);

  void Stop() override;

 private:
  enum class State { kDown, kConnecting, kUp, kStopped };

  void Dial();
  void OnDialed(absl::StatusOr<StreamSocket> socket);
  void Flush();
  void AwaitPeer();
  void OnReadable();
  // INVALID_ARGUMENT if the peer sent anything else than answers.
  absl::Status Deliver();
  void WatchIdle();
  void Disconnect();
  void GoDown(absl::Status why);

  // Wraps a handler: it runs only while this connection lasts, and keeps the
  // link alive until then.
  template <class Handler>
  auto Guard(Handler handler);

  Worker& worker_;
  const skex::AgentId peer_;
  const Endpoint address_;
  const LaneLinkLimits limits_;
  LaneLinkCallbacks& callbacks_;

  State state_ = State::kDown;
  uint64_t connection_ = 0;  // counts them, for Guard()
  Dialer dialer_;
  LaneSocket lane_;  // its socket is open while up
  Alarm idle_;
  bool awaits_writable_ = false;
  uint64_t answers_due_ = 0;  // that may still come
};

}  // namespace service

#endif  // SERVICE_LANES_LANE_LINK_H_
