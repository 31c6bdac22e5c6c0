#ifndef SKEX_NODE_FAKE_NETWORK_H_
#define SKEX_NODE_FAKE_NETWORK_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "skex/base/seeded_entropy.h"
#include "skex/node/agent_node.h"
#include "skex/node/hub_node.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"

namespace skex {

// Agents, hubs and the streams between them, in memory and with a clock of its
// own: for tests of whole exchanges. Every agent has a pad with every hub.
class FakeNetwork {
 public:
  struct Options {
    uint64_t seed = 1;
    int hubs = 5;
    std::vector<std::string> agents = {"alice@north.example",
                                       "bob@south.example"};
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
  // Changes what `agent` thinks of `peer`.
  PeerPolicy& policy(const std::string& agent, const std::string& peer);

  // (Re)starts a process: opens its pads, as after a crash. If one of them does
  // not open the process stays down.
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

  // Moves frames until there are none.
  void Settle();
  // Moves the clock in steps of 10 ms, with everything that is due.
  void Advance(absl::Duration time);

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

  // Statuses of refused frames, in order.
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
  void Connect(const std::string& agent, int hub);
  void Disconnect(const std::string& agent, int hub);
  bool MoveFrames();

  const Options options_;
  SeededEntropy entropy_;
  Instant now_;
  StreamNumber next_stream_ = 1;
  std::map<std::string, Agent> agents_;
  std::vector<Hub> hubs_;
};

}  // namespace skex

#endif  // SKEX_NODE_FAKE_NETWORK_H_
