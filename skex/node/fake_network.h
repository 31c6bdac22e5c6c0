#ifndef SKEX_NODE_FAKE_NETWORK_H_
#define SKEX_NODE_FAKE_NETWORK_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/policy.h"
#include "skex/node/agent_node.h"
#include "skex/node/fake_lanes.h"
#include "skex/node/hub_node.h"
#include "skex/node/pair_lanes.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/ratchet/lane_policy.h"

namespace skex {

// The agents of a network of which nobody says otherwise.
inline constexpr char kAlice[] = "alice@north.example";
inline constexpr char kBob[] = "bob@south.example";

// Agents, hubs, the streams between them and the lanes between agents, in
// memory and with a clock of its own: for tests of whole exchanges. Every agent
// has a pad with every hub.
class FakeNetwork {
 public:
  struct Options {
    uint64_t seed = 1;
    int hubs = 5;
    std::vector<std::string> agents = {kAlice, kBob};
    uint64_t chunks = 8;  // of each pad stream
    PadSource source = PadSource::kGenerator;
    // Opens one end of a pad at the start of its process; by default the pads
    // are in memory, see pads(). What is behind a pad must live until its
    // process is stopped.
    std::function<absl::StatusOr<std::unique_ptr<Pad>>(const std::string& agent,
                                                       int hub, Side side)>
        open_pad;
  };

  explicit FakeNetwork(const Options& options);

  // Every pair of agents gets `threshold` of all hubs, and allows the other.
  void AddPeers(uint8_t threshold, uint8_t min_hubs);
  // Changes what `agent` thinks of `peer`, from its next start on.
  PeerPolicy& policy(const std::string& agent, const std::string& peer);

  // Every pair of agents gets a common root, and from their next start on has
  // lanes both ways; what is mixed needs AddPeers() as well.
  void AddLanes(LaneUse use);
  // What `agent` has of its lanes with `peer`. Changes count from its next
  // start on; those of storages are to be made while it is down.
  FakeLanesEnd& lanes(const std::string& agent, const std::string& peer);
  // Ends all ways between agents, and makes new ones; there are some at first.
  void CutLanes() { lanes_cut_ = true; }
  void MendLanes();

  // (Re)starts a process: opens its pads and lanes, as after a crash. If one of
  // them does not open the process stays down. The peers of an agent find a new
  // way to it.
  void StartHub(int hub);
  void StartAgent(const std::string& agent);
  // Ends a process; its streams end with it.
  void StopHub(int hub);
  void StopAgent(const std::string& agent);
  // Makes one more pad for the two, in memory, which each finds at its next
  // start.
  void MakePad(const std::string& agent, int hub,
               PadSource source = PadSource::kGenerator);
  // Gives the newest pad to an end that runs.
  void TakeNewestPad(const std::string& agent, int hub, Side side);
  // Cuts the stream between two that run, and opens a new one.
  void Reconnect(const std::string& agent, int hub);

  bool HubRuns(int hub) const { return hubs_.at(hub).node != nullptr; }
  bool AgentRuns(const std::string& agent) const {
    return agents_.at(agent).node != nullptr;
  }

  // Moves frames and lane messages until there are none.
  void Settle();
  // Moves the clock in steps of 10 ms, with everything that is due.
  void Advance(absl::Duration time);
  // Moves it in one step.
  void Leap(absl::Duration time);

  AgentNode& agent(const std::string& name) { return *agents_.at(name).node; }
  HubNode& hub(int hub) { return *hubs_.at(hub).node; }
  // The oldest pad.
  FakePadPair& pads(const std::string& agent, int hub) {
    return agents_.at(agent).pads.at(hub).front();
  }
  static HubId HubName(int hub);
  Instant now() const { return now_; }
  Entropy& entropy() { return entropy_; }

  // The events of an agent since the last call.
  std::vector<AgentEvent> TakeEvents(const std::string& agent);
  // The keys among them, emptied of the rest.
  std::vector<Key> TakeKeys(const std::string& agent);

  // Sees, may change or (by returning false) drop every frame.
  // `to_hub`: from the agent to the hub, else back.
  std::function<bool(const std::string& agent, int hub, bool to_hub,
                     std::string& frame)>
      tamper;
  // The same for lane messages, also for those that do not arrive.
  std::function<bool(const std::string& from, const std::string& to,
                     std::string& message)>
      tamper_lane;

  // Statuses of refused frames and lane messages, in order.
  std::vector<absl::Status> refused;
  // Why processes did not start, in order.
  std::vector<absl::Status> not_started;

 private:
  using OpenPads = std::vector<std::unique_ptr<Pad>>;
  struct Agent {
    std::unique_ptr<AgentNode> node;
    std::map<int, std::vector<FakePadPair>> pads;  // oldest first
    std::map<int, OpenPads> open_pads;
    std::map<std::string, PeerPolicy> policies;
    std::map<std::string, FakeLanesEnd> lanes;  // by peer
    std::map<int, StreamNumber> streams;
    std::vector<AgentEvent> events;
  };
  struct Hub {
    std::unique_ptr<HubNode> node;
    std::map<std::string, OpenPads> open_pads;
  };

  // Opens an end of all pads of the two. Returns none, and notes why, if one
  // does not open.
  OpenPads OpenAll(const std::string& agent, int hub, Side side);
  // The same of all its lanes; nullopt if one does not open.
  std::optional<std::vector<std::unique_ptr<PairLanes>>> OpenAllLanes(
      const std::string& agent, const BootId& boot);
  void Connect(const std::string& agent, int hub);
  void Disconnect(const std::string& agent, int hub);
  // Tells those that run of a new way to `peer`.
  void TellLaneUp(const std::string& peer);
  // One round; false if nothing moved.
  bool MoveFrames();
  bool MoveToHubs(const std::string& name, Agent& agent);
  bool MoveToAgents(int hub);
  bool MoveLaneMessages(const std::string& name, Agent& agent);
  void MoveLaneMessage(const std::string& from, const std::string& to,
                       std::string message);
  static void TakeIn(Agent& agent);  // the node's events

  const Options options_;
  SeededEntropy entropy_;
  Instant now_;
  StreamNumber next_stream_ = 1;
  bool lanes_cut_ = false;
  std::map<std::string, Agent> agents_;
  std::vector<Hub> hubs_;
};

}  // namespace skex

#endif  // SKEX_NODE_FAKE_NETWORK_H_
