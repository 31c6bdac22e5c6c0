#ifndef SERVICE_AGENT_AGENT_LANES_H_
#define SERVICE_AGENT_AGENT_LANES_H_

#include <atomic>
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
// OnLaneMessage(), HasLanes() and OpenPeer() are thread-safe; everything else,
// but for Start() and Stop(), belongs to the thread of the event loop, or to
// any one before that starts.
class AgentLanes : public LaneAnswerer {
 public:
  // All must outlive it.
  AgentLanes(FileSystem* files, const skex::BootId& boot,
             skex::Entropy* entropy, skex::AgentNode* node, EventLoop* loop,
             Log* log);

  // The lanes of a peer, read from their files, which nobody else has open.
  struct OpenPair {
    std::unique_ptr<LaneFile> outgoing;
    std::unique_ptr<LaneFile> incoming;
    std::unique_ptr<skex::PairLanes> lanes;  // over both
  };
  // Opens the lanes of `entry`, a peer of `config` with lanes. Returns
  // FAILED_PRECONDITION if its pair was never imported, else a lane's error, or
  // that of its policy.
  absl::StatusOr<OpenPair> OpenPeer(const AgentConfig& config,
                                    const PeerEntry& entry) const;

  // Adds the peer to the node, which has it already if it uses hubs.
  void AddPeer(const PeerEntry& entry, OpenPair pair);
  // Closes the files of a peer that the node does not have any more. Nothing if
  // it has no lanes.
  void RemovePeer(const skex::AgentId& peer);

  // From now on messages move. `handle_events` deals with the node's events,
  // before what it has to say leaves. `metrics` may be null.
  void Start(std::function<void()> handle_events, AgentMetrics* metrics);
  // Ends the links. Before the loop's end; not on its thread.
  void Stop();

  bool HasLanes() const override { return has_lanes_; }

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

  void StartLinks();
  // null if its lanes are gone: what comes of its link is too late.
  Peer* Find(const skex::AgentId& peer);
  void OnUp(const skex::AgentId& peer);
  void OnAnswer(const skex::AgentId& peer, const std::string& message);
  void OnDown(const skex::AgentId& peer, const absl::Status& reason);
  void CountRejected(const absl::Status& status);

  FileSystem* const files_;
  const skex::BootId boot_;
  skex::Entropy* const entropy_;
  skex::AgentNode* const node_;
  EventLoop* const loop_;
  Log* const log_;
  std::function<void()> handle_events_;
  AgentMetrics* metrics_ = nullptr;
  std::map<skex::AgentId, Peer> peers_;
  std::atomic<bool> has_lanes_{false};
  bool running_ = false;
  bool links_run_ = false;
  LaneLinks links_;
};

}  // namespace service

#endif  // SERVICE_AGENT_AGENT_LANES_H_
