#ifndef SERVICE_AGENT_AGENT_LANES_H_
#define SERVICE_AGENT_AGENT_LANES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/admin/control.h"
#include "service/base/event_loop.h"
#include "service/config/agent_config.h"
#include "service/lanes/lane_links.h"
#include "service/log/log.h"
#include "service/metrics/agent_metrics.h"
#include "service/sidecar/lane_answerer.h"
#include "service/storage/file_system.h"
#include "service/storage/lane_file.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/node/agent_node.h"

namespace service {

// AgentLanes is what an agent's lanes need of the world: their files, the links
// that carry their messages to peers, and the answers to what peers send to
// the tunnels' listeners. The node decides what is said.
//
// OnLaneMessage() is thread-safe; everything else, but for Open(), Start() and
// Stop(), belongs to the thread of the event loop.
class AgentLanes : public LaneAnswerer {
 public:
  // Opens the lanes of all peers with mode unmediated or both, and adds them to
  // `node`, which has the hubs' peers. All must outlive the result. Returns
  // FAILED_PRECONDITION if a peer's pair was never imported, else the first
  // lane's error, or that of its policy.
  static absl::StatusOr<std::unique_ptr<AgentLanes>> Open(
      const AgentConfig& config, FileSystem* files, const skex::BootId& boot,
      skex::Entropy* entropy, skex::AgentNode* node, EventLoop* loop, Log* log);

  // From now on messages move. `handle_events` deals with the node's events,
  // before what it has to say leaves. `metrics` may be null.
  void Start(std::function<void()> handle_events, AgentMetrics* metrics);
  // Ends the links. Before the loop's end; not on its thread.
  void Stop();

  // Whether no peer has lanes.
  bool empty() const { return peers_.empty(); }

  // Sends what the node wants to say.
  void Send(std::vector<std::pair<skex::AgentId, std::string>> messages);
  // Tries links again that are down and wanted.
  void Tend();

  // Why the link to a peer is down; empty if it is not, or not wanted.
  const std::string& LinkError(const skex::AgentId& peer) const;
  // What an operator may see; only of a peer that has lanes.
  LanesView ViewOf(const skex::AgentId& peer) const;

  void OnLaneMessage(std::string message,
                     absl::AnyInvocable<void(LaneReply)> done) override;

 private:
  struct Peer {
    std::unique_ptr<LaneFile> outgoing;
    std::unique_ptr<LaneFile> incoming;
    std::string address;  // empty: it cannot be reached
    bool up = false;
    std::string error;
  };

  AgentLanes(skex::AgentNode* node, EventLoop* loop, Log* log);
  absl::Status OpenPeer(const AgentConfig& config, const PeerEntry& entry,
                        FileSystem* files, const skex::BootId& boot,
                        skex::Entropy* entropy);
  void OnUp(const skex::AgentId& peer);
  void OnAnswer(const skex::AgentId& peer, const std::string& message);
  void OnDown(const skex::AgentId& peer, const absl::Status& reason);
  void CountRejected(const absl::Status& status);

  skex::AgentNode* const node_;
  EventLoop* const loop_;
  Log* const log_;
  std::function<void()> handle_events_;
  AgentMetrics* metrics_ = nullptr;
  std::map<skex::AgentId, Peer> peers_;
  LaneLinks links_;
};

}  // namespace service

#endif  // SERVICE_AGENT_AGENT_LANES_H_
