#ifndef SERVICE_LANES_LANE_LINKS_H_
#define SERVICE_LANES_LANE_LINKS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/config/endpoint.h"
#include "service/lanes/lane_link.h"
#include "service/sidecar/worker.h"
#include "skex/base/ids.h"

namespace service {

// LaneLinks carries an agent's lane messages to its peers, and their answers
// back: one TCP connection to each, to the peer's inbound tunnel, opened when
// there is something to send and closed when it is idle. Its counterpart is
// LaneConnection in service/sidecar.
//
// It paces nothing: after a failure the next Send() connects again at once, so
// the caller decides when. It keeps nothing either: what cannot be sent is
// dropped, and the state machines send it again.
//
// Thread-safe, but for Start() and Stop(). The callbacks come on the links' own
// thread.
class LaneLinks {
 public:
  explicit LaneLinks(LaneLinkCallbacks callbacks);
  LaneLinks(LaneLinkCallbacks callbacks, const LaneLinkLimits& limits);
  // Calls Stop().
  ~LaneLinks();
  LaneLinks(const LaneLinks&) = delete;
  LaneLinks& operator=(const LaneLinks&) = delete;

  // `address` is that of an inbound tunnel of `peer`. Nothing if the peer is
  // there already.
  void AddPeer(const skex::AgentId& peer, const Endpoint& address);
  // Closes the connection to `peer`, soon: a callback may still come.
  void RemovePeer(const skex::AgentId& peer);

  // Starts the thread. Once.
  void Start();

  // Closes all connections and ends the thread. No callback comes any more.
  // Not from a callback.
  void Stop();

  // Connects to `peer`, if it is known and there is no connection.
  void Open(const skex::AgentId& peer);

  // Sends `message`, which must be a whole one, to `peer`, and connects first
  // where there is no connection. Drops it if
  // - the peer is not known,
  // - more than LaneLinkLimits::unsent would wait,
  // - the connection cannot be made, or breaks: on_down tells.
  void Send(const skex::AgentId& peer, std::string message);

 private:
  std::shared_ptr<LaneLink> Find(const skex::AgentId& peer) const;

  // Before the links, whose sockets are on its event loop.
  Worker worker_;
  LaneLinkCallbacks callbacks_;
  const LaneLinkLimits limits_;
  mutable Mutex mutex_;
  std::map<skex::AgentId, std::shared_ptr<LaneLink>> links_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_LANES_LANE_LINKS_H_
