#ifndef TESTS_SIMULATION_SIMULATION_H_
#define TESTS_SIMULATION_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "skex/base/seeded_entropy.h"
#include "skex/node/agent_node.h"
#include "skex/node/fake_lanes.h"
#include "skex/node/hub_node.h"
#include "skex/ratchet/fake_lane_storage.h"
#include "skex/ratchet/lane_policy.h"
#include "tests/simulation/generated_pad.h"

namespace skex {

// Simulation runs agents, hubs and the network between them in one process,
// with a virtual clock and all chance from one seed: delays, lost, repeated,
// reordered and changed frames and lane messages, cut and stalled streams,
// crashes of agents and hubs, also right after a write, agents that come back
// with the disk of yesterday, full disks, clocks that jump, hubs that lie.
//
// The network is everybody's enemy while the faults last. Then they are healed,
// and what has to hold is:
// - agreement: what two agents have under one key id is one key, and who dials
//   with a key of lanes has it after the other;
// - source: a key is mixed of both where both are wanted, unmediated alone only
//   where that is allowed and while hubs fail;
// - no reuse: no end of a pad ever uses a byte twice, neither for sending nor,
//   unless its disk was restored, for receiving; and no leaf of a lane has two
//   answers;
// - bounds: no queue grows beyond what it may;
// - liveness: once the faults are within bounds, everybody gets keys again.
// All but the last are checked at every step; a violation ends up in
// violations().
class Simulation {
 public:
  struct Options {
    uint64_t seed = 1;
    int agents = 3;
    int hubs = 5;
    uint8_t threshold = 3;
    // Each agent wants keys from this many of the agents that follow it.
    int peers = 2;
    int liars = 0;  // hubs that bend every share; they stay so
    absl::Duration faulty_time = absl::Seconds(20);
    // Mean time between two faults; infinite for none.
    absl::Duration fault_interval = absl::Milliseconds(150);
    absl::Duration healthy_time = absl::Seconds(90);
    // Enough of each pad stream for everything that a run may waste. With less
    // `replenish` is needed: an operator who enrols new pads in time and
    // revokes what is used up, at one end first, at the other some time later.
    uint64_t pad_chunks = 4096;
    bool replenish = false;
    uint64_t most_wanted = 8;  // keys at a time
    // Pairs of which one wants keys of the other have lanes for these uses, one
    // pair after another and from the first again. None if it is empty.
    std::vector<LaneUse> lanes;
    // Who answers on a lane forgets what it writes: the checks must see it.
    bool forgetful_lanes = false;
  };

  explicit Simulation(const Options& options);

  // All of it: starts everything, breaks things, heals them.
  void Run();

  const std::vector<std::string>& violations() const { return violations_; }

  // For the record.
  uint64_t keys() const { return keys_; }
  uint64_t crashes() const { return crashes_; }
  uint64_t faults() const { return faults_; }
  uint64_t frames() const { return frames_; }
  // Keys that were mixed, and keys that were unmediated alone.
  uint64_t mixed_keys() const { return mixed_keys_; }
  uint64_t unmediated_keys() const { return unmediated_keys_; }
  uint64_t lane_rollbacks() const { return lane_rollbacks_; }
  uint64_t pads_added() const { return pads_added_; }

 private:
  // The pads that one end has with one other, oldest first: on its disk, and of
  // these what its process has opened, from the first on.
  struct PadEnd {
    std::vector<std::unique_ptr<GeneratedPad>> disk;
    std::vector<std::unique_ptr<Pad>> open;
    void SetFailure(const absl::Status& failure) {
      for (auto& pad : disk) pad->failure = failure;
    }
  };
  struct Agent {
    std::unique_ptr<AgentNode> node;  // null while it is down
    std::vector<PadEnd> pads;         // by hub
    std::vector<int> peers;
    absl::Duration clock_error;
    uint64_t life = 0;                   // counts starts
    std::map<TableId, PadMarks> backup;  // of all pads, from some time ago
    std::map<int, FakeLanesEnd> lanes;   // by the other agent
    std::map<int, FakeLanesEnd> lanes_backup;
    // With whom keys are unmediated alone now, by what the node tells.
    std::set<AgentId> hubs_failed;
  };
  struct Hub {
    std::unique_ptr<HubNode> node;
    std::vector<PadEnd> pads;  // by agent
  };
  // What connects one agent and one hub.
  struct Wire {
    StreamNumber stream = 0;  // 0: none
    absl::Duration since;
    absl::Duration stalled_until;
    absl::Duration last_arrival[2];  // to the hub, to the agent
    int in_flight = 0;
  };
  // What lane messages of one agent to another travel on.
  struct LaneWay {
    absl::Duration cut_until;
    absl::Duration last_arrival;
    int in_flight = 0;
  };
  // What the network does with something that is sent.
  struct Fate {
    int copies = 1;
    bool in_order = true;
  };
  struct KeyRecord {
    std::string bytes;
    int ends = 0;  // bit 0: initiator, bit 1: responder
  };
  struct Event {
    absl::Duration at;
    uint64_t order;
    std::function<void()> action;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  const AgentId& AgentName(int number) const {
    return agent_names_[static_cast<size_t>(number)];
  }
  int NumberOf(const AgentId& agent) const { return numbers_.at(agent); }
  const HubId& HubName(int number) const {
    return hub_names_[static_cast<size_t>(number)];
  }
  // How the record names the use of a pad at one end, in one direction.
  static std::string UseOf(Side side, const TableId& table,
                           Direction direction);

  void At(absl::Duration at, std::function<void()> action);
  void After(absl::Duration delay, std::function<void()> action) {
    At(now_ + delay, std::move(action));
  }
  void RunUntil(absl::Duration end);
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  Wire& wire(int agent, int hub) {
    return wires_[static_cast<size_t>(agent) *
                      static_cast<size_t>(options_.hubs) +
                  static_cast<size_t>(hub)];
  }
  Instant HubTime() const { return {Wall(), now_}; }
  Instant TimeOf(const Agent& agent) const {
    return {Wall() + agent.clock_error, now_};
  }
  absl::Time Wall() const {
    return absl::FromUnixSeconds(1'800'000'000) + now_;
  }

  PadEnd& PadsOf(int agent, int hub, Side side) {
    return side == Side::kAgent ? agents_[static_cast<size_t>(agent)]
                                      .pads[static_cast<size_t>(hub)]
                                : hubs_[static_cast<size_t>(hub)]
                                      .pads[static_cast<size_t>(agent)];
  }
  // A new pad, which lies on no disk yet: the agent's end and the hub's.
  using NewPad =
      std::pair<std::unique_ptr<GeneratedPad>, std::unique_ptr<GeneratedPad>>;
  NewPad MakePad(int agent, int hub);
  // Opens one more pad of an end's disk; false if that fails.
  bool OpenNext(PadEnd& end, Side side);
  // Opens what came to the disk of an end that runs.
  void TakeIn(int agent, int hub, Side side);
  void Revoke(int agent, int hub, Side side, const TableId& table);
  // The operator looks at all pads, and comes again.
  void Replenish();
  void ReplenishPair(int agent, int hub);

  void StartAgent(int number);
  void StopAgent(int number);
  void StartHub(int number);
  void StopHub(int number);
  void Connect(int agent, int hub);
  void Cut(int agent, int hub);
  void Tick();
  void Want(int agent);

  void PumpAgent(int number);
  void PumpHub(int number);
  // Decides on bytes that are sent, and may change them.
  Fate MeetNetwork(std::string& bytes);
  absl::Duration Delay(bool in_order);
  // Sends a frame; the network may do what it likes with it.
  void Send(int agent, int hub, bool to_hub, std::string frame);
  void Deliver(int agent, int hub, bool to_hub, StreamNumber stream,
               const std::string& frame);

  void MakeLanes();
  void SendLaneMessage(int from, int to, bool is_answer, std::string message);
  void DeliverLaneMessage(int from, int to, bool is_answer,
                          const std::string& message);
  // Loses all messages between the two for some time.
  void CutLanes(int one, int other, absl::Duration time);
  // Tells an agent that runs of a new way to a peer.
  void TellLaneUp(int agent, int peer);
  // Tells all that have lanes with `agent`.
  void TellLanesUp(int agent);
  void SetLaneFailure(int agent, const absl::Status& failure);
  void SetLaneFault(int agent, FakeLaneStorage::Fault fault);
  // Ends a process that has just written what it must not survive, before
  // anything of that is sent. Whether it has.
  bool DiesOfAWrite(int agent);
  void RestoreLanes(int agent);

  void BreakSomething();
  void BreakNodeOrPad(absl::Duration while_broken);
  void BreakLane(absl::Duration while_broken);
  void RestoreBackup(int agent);
  void Heal();

  void OnEvent(int agent, AgentEvent& event);
  void OnKeys(int agent, const KeysEstablished& established);
  void CheckSource(int agent, const KeysEstablished& established,
                   KeySource source);
  bool MayHave(int agent, const KeysEstablished& established,
               KeySource source) const;
  void CheckLanes(int agent);
  // Notes what the responder of a lane answers.
  void NoteAnswer(int agent, const std::string& answer);
  void NoteUse(Side side, const TableId& table, Direction direction,
               Stream stream, PadRange range);
  void Violation(std::string what);

  const Options options_;
  std::mt19937_64 random_;
  SeededEntropy entropy_;
  absl::Duration now_ = absl::Seconds(1000);
  uint64_t next_order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Agent> agents_;
  std::vector<Hub> hubs_;
  std::vector<Wire> wires_;
  std::vector<AgentId> agent_names_;
  std::vector<HubId> hub_names_;
  std::map<AgentId, int> numbers_;
  std::vector<std::pair<int, int>> lane_pairs_;
  std::map<std::pair<int, int>, LaneWay> lane_ways_;  // from, to
  StreamNumber next_stream_ = 1;
  bool faulty_ = false;
  bool settled_ = false;  // healthy for long

  // Ranges of pads that were used, by end and direction.
  std::map<std::string, std::map<uint64_t, uint64_t>> used_;
  std::map<KeyId, KeyRecord> key_records_;
  // M2, by the lane and the leaf that they are for.
  std::map<std::pair<LaneId, uint32_t>, std::string> lane_answers_;
  // Keys that an agent got to dial a peer with, since the faults were healed.
  std::map<std::pair<int, int>, int> fresh_;
  std::vector<std::string> violations_;
  uint64_t keys_ = 0;
  uint64_t crashes_ = 0;
  uint64_t faults_ = 0;
  uint64_t frames_ = 0;
  uint64_t pads_added_ = 0;
  uint64_t mixed_keys_ = 0;
  uint64_t unmediated_keys_ = 0;
  uint64_t lane_rollbacks_ = 0;
};

}  // namespace skex

#endif  // TESTS_SIMULATION_SIMULATION_H_
