#ifndef TESTS_SIMULATION_SIMULATION_H_
#define TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "skex/base/seeded_entropy.h"
#include "skex/node/agent_node.h"
#include "skex/node/hub_node.h"
#include "tests/simulation/generated_pad.h"

namespace skex {

// Simulation runs agents, hubs and the network between them in one process,
// with a virtual clock and all chance from one seed: delays, lost, repeated,
// reordered and changed frames, cut and stalled streams, crashes of agents and
// hubs, agents that come back with the disk of yesterday, full disks, clocks
// that jump, hubs that lie.
//
// The network is everybody's enemy while the faults last. Then they are healed,
// and what has to hold is:
// - agreement: what two agents have under one key id is one key;
// - no reuse: no end of a pad ever uses a byte twice, neither for sending nor,
//   unless its disk was restored, for receiving;
// - bounds: no queue grows beyond what it may;
// - liveness: once the faults are within bounds, everybody gets keys again.
// The first three are checked at every step; a violation ends up in
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
    std::string name;
    std::unique_ptr<AgentNode> node;  // null while it is down
    std::vector<PadEnd> pads;         // by hub
    std::vector<int> peers;
    absl::Duration clock_error;
    uint64_t life = 0;                   // counts starts
    std::map<TableId, PadMarks> backup;  // of all pads, from some time ago
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

  static std::string AgentName(int number);
  static HubId HubName(int number);
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
    return wires_[static_cast<size_t>(agent * options_.hubs + hub)];
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
  // Sends a frame; the network may do what it likes with it.
  void Send(int agent, int hub, bool to_hub, std::string frame);
  void Deliver(int agent, int hub, bool to_hub, StreamNumber stream,
               const std::string& frame);

  void BreakSomething();
  void RestoreBackup(int agent);
  void Heal();

  void OnEvent(int agent, AgentEvent& event);
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
  StreamNumber next_stream_ = 1;
  bool faulty_ = false;

  // Ranges of pads that were used, by end and direction.
  std::map<std::string, std::map<uint64_t, uint64_t>> used_;
  std::map<KeyId, KeyRecord> key_records_;
  // Keys that an agent got to dial a peer with, since the faults were healed.
  std::map<std::pair<int, std::string>, int> fresh_;
  std::vector<std::string> violations_;
  uint64_t keys_ = 0;
  uint64_t crashes_ = 0;
  uint64_t faults_ = 0;
  uint64_t frames_ = 0;
  uint64_t pads_added_ = 0;
};

}  // namespace skex

#endif  // TESTS_SIMULATION_SIMULATION_H_
