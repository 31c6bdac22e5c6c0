#include "tests/simulation/simulation.h"

#include <algorithm>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr absl::Duration kWelcomePatience = absl::Seconds(10);
// More than an exchange, its receipts and its grants can have on one stream.
constexpr int kMostInFlight = 4096;
constexpr size_t kMostWaiting = 4096;

}  // namespace

Simulation::Simulation(const Options& options)
    : options_(options),
      random_(options.seed),
      entropy_(options.seed + 1),
      agents_(static_cast<size_t>(options.agents)),
      hubs_(static_cast<size_t>(options.hubs)),
      wires_(static_cast<size_t>(options.agents * options.hubs)) {
  for (int a = 0; a < options_.agents; ++a) {
    Agent& agent = agents_[static_cast<size_t>(a)];
    agent_names_.push_back(
        *AgentId::Parse(absl::StrCat("agent", a, "@north.example")));
    numbers_.emplace(agent_names_.back(), a);
    for (int i = 1; i <= options_.peers; ++i) {
      agent.peers.push_back((a + i) % options_.agents);
    }
    agent.pads.resize(hubs_.size());
  }
  for (int h = 0; h < options_.hubs; ++h) {
    hub_names_.push_back(
        *HubId::Parse(absl::StrCat("hub", h, "@op", h, ".example")));
    hubs_[static_cast<size_t>(h)].pads.resize(agents_.size());
  }
  for (int a = 0; a < options_.agents; ++a) {
    for (int h = 0; h < options_.hubs; ++h) {
      NewPad pad = MakePad(a, h);
      PadsOf(a, h, Side::kAgent).disk.push_back(std::move(pad.first));
      PadsOf(a, h, Side::kHub).disk.push_back(std::move(pad.second));
    }
  }
  MakeLanes();
}

void Simulation::At(absl::Duration at, std::function<void()> action) {
  events_.push({at, next_order_++, std::move(action)});
}

void Simulation::RunUntil(absl::Duration end) {
  while (!events_.empty() && events_.top().at <= end && violations_.empty()) {
    now_ = events_.top().at;
    const std::function<void()> action = events_.top().action;
    events_.pop();
    action();
  }
  now_ = end;
}

void Simulation::Run() {
  for (int h = 0; h < options_.hubs; ++h) StartHub(h);
  for (int a = 0; a < options_.agents; ++a) StartAgent(a);
  Tick();
  faulty_ = options_.fault_interval < absl::InfiniteDuration();
  if (faulty_) BreakSomething();
  if (options_.replenish) Replenish();
  RunUntil(now_ + options_.faulty_time);
  Heal();
  // What the faults left behind may take a while: back-offs, dead boots.
  RunUntil(now_ + options_.healthy_time / 2);
  fresh_.clear();
  settled_ = true;
  RunUntil(now_ + options_.healthy_time / 2);
  if (!violations_.empty()) return;
  for (int a = 0; a < options_.agents; ++a) {
    for (int peer : agents_[static_cast<size_t>(a)].peers) {
      if (fresh_[{a, peer}] > 0) continue;
      Violation(absl::StrCat(AgentName(a).text(), " gets no keys of ",
                             AgentName(peer).text(), ": ",
                             agents_[static_cast<size_t>(a)]
                                 .node->LastFailure(AgentName(peer))
                                 .ToString()));
    }
  }
}

// ---- Processes

void Simulation::StartAgent(int number) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (agent.node != nullptr) return;
  ++agent.life;
  const BootId boot = RandomId<BootId>(entropy_);
  auto node = std::make_unique<AgentNode>(AgentNode::Options{
      .self = AgentName(number), .boot = boot, .entropy = &entropy_});
  for (int h = 0; h < options_.hubs; ++h) {
    PadEnd& pads = PadsOf(number, h, Side::kAgent);
    pads.open.clear();
    while (pads.open.size() < pads.disk.size()) {
      if (!OpenNext(pads, Side::kAgent)) {
        // A full disk: the process does not start, and is tried again.
        After(absl::Seconds(1), [this, number] { StartAgent(number); });
        return;
      }
    }
    node->AddHub(HubName(h), pads.open[0].get());
    for (size_t i = 1; i < pads.open.size(); ++i) {
      node->AddPad(HubName(h), pads.open[i].get());
    }
  }
  for (int other = 0; other < options_.agents; ++other) {
    const bool dials =
        std::count(agent.peers.begin(), agent.peers.end(), other) > 0;
    const auto& theirs = agents_[static_cast<size_t>(other)].peers;
    const bool accepts = std::count(theirs.begin(), theirs.end(), number) > 0;
    if (other == number || (!dials && !accepts)) continue;
    PeerPolicy policy = {.peer = AgentName(other)};
    for (int h = 0; h < options_.hubs; ++h) policy.hubs.push_back(HubName(h));
    policy.SortHubs();
    policy.threshold = policy.min_hubs = options_.threshold;
    const auto lanes = agent.lanes.find(other);
    if (lanes == agent.lanes.end() || lanes->second.use != LaneUse::kAlone) {
      node->AddPeer(policy);
    }
    if (lanes != agent.lanes.end()) {
      node->AddLanes(OpenFakeLanes(AgentName(number), policy, boot, &entropy_,
                                   &lanes->second)
                         .value());
    }
  }
  agent.node = std::move(node);
  for (int h = 0; h < options_.hubs; ++h) Connect(number, h);
  TellLanesUp(number);
  Want(number);
}

void Simulation::StopAgent(int number) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (agent.node == nullptr) return;
  for (int h = 0; h < options_.hubs; ++h) {
    Wire& link = wire(number, h);
    Hub& hub = hubs_[static_cast<size_t>(h)];
    if (link.stream != 0 && hub.node != nullptr) {
      hub.node->OnStreamDown(link.stream);
      PumpHub(h);
    }
    link.stream = 0;
  }
  agent.node.reset();
  agent.hubs_failed.clear();
  for (PadEnd& pads : agent.pads) pads.open.clear();
}

void Simulation::StartHub(int number) {
  Hub& hub = hubs_[static_cast<size_t>(number)];
  if (hub.node != nullptr) return;
  auto node = std::make_unique<HubNode>(
      HubNode::Options{.self = HubName(number),
                       .boot = RandomId<BootId>(entropy_),
                       .entropy = &entropy_,
                       .relay = {.self = HubName(number)}});
  for (int a = 0; a < options_.agents; ++a) {
    PadEnd& pads = PadsOf(a, number, Side::kHub);
    pads.open.clear();
    while (pads.open.size() < pads.disk.size()) {
      if (!OpenNext(pads, Side::kHub)) {
        After(absl::Seconds(1), [this, number] { StartHub(number); });
        return;
      }
    }
    Relay::Enrolment enrolment;
    for (int other = 0; other < options_.agents; ++other) {
      if (other != a) enrolment.allow.insert(AgentName(other));
    }
    const AgentId id = AgentName(a);
    node->AddAgent(id, pads.open[0].get(), enrolment);
    for (size_t i = 1; i < pads.open.size(); ++i) {
      node->AddPad(id, pads.open[i].get());
    }
  }
  hub.node = std::move(node);
  for (int a = 0; a < options_.agents; ++a) Connect(a, number);
}

void Simulation::StopHub(int number) {
  Hub& hub = hubs_[static_cast<size_t>(number)];
  if (hub.node == nullptr) return;
  hub.node.reset();
  for (PadEnd& pads : hub.pads) pads.open.clear();
  for (int a = 0; a < options_.agents; ++a) {
    wire(a, number).stream = 0;
    Agent& agent = agents_[static_cast<size_t>(a)];
    if (agent.node != nullptr) agent.node->OnStreamDown(HubName(number));
  }
}

// ---- The network

void Simulation::Connect(int agent, int hub) {
  Wire& link = wire(agent, hub);
  if (link.stream != 0 || agents_[static_cast<size_t>(agent)].node == nullptr ||
      hubs_[static_cast<size_t>(hub)].node == nullptr) {
    return;
  }
  link.stream = next_stream_++;
  link.in_flight = 0;
  link.since = now_;
  hubs_[static_cast<size_t>(hub)].node->OnStreamUp(link.stream);
  PumpHub(hub);
}

void Simulation::Cut(int agent, int hub) {
  Wire& link = wire(agent, hub);
  if (link.stream == 0) return;
  Hub& the_hub = hubs_[static_cast<size_t>(hub)];
  Agent& the_agent = agents_[static_cast<size_t>(agent)];
  if (the_hub.node != nullptr) the_hub.node->OnStreamDown(link.stream);
  if (the_agent.node != nullptr) the_agent.node->OnStreamDown(HubName(hub));
  link.stream = 0;
  After(absl::Milliseconds(50 + Below(2000)),
        [this, agent, hub] { Connect(agent, hub); });
}

Simulation::Fate Simulation::MeetNetwork(std::string& bytes) {
  Fate fate;
  if (!faulty_ || !OneIn(50)) return fate;
  ++faults_;
  switch (Below(4)) {
    case 0:
      fate.copies = 0;  // lost
      break;
    case 1:
      fate.copies = 2;
      break;
    case 2:
      bytes[Below(bytes.size())] ^= static_cast<char>(1 << Below(8));
      break;
    default:
      fate.in_order = false;
  }
  return fate;
}

absl::Duration Simulation::Delay(bool in_order) {
  return absl::Microseconds(200 + Below(20'000) + (in_order ? 0 : 400'000));
}

void Simulation::Send(int agent, int hub, bool to_hub, std::string frame) {
  Wire& link = wire(agent, hub);
  if (link.stream == 0) return;
  ++frames_;
  const Fate fate = MeetNetwork(frame);
  for (int copy = 0; copy < fate.copies; ++copy) {
    absl::Duration arrival =
        std::max(now_, link.stalled_until) + Delay(fate.in_order);
    if (fate.in_order) {
      // A stream keeps its order.
      absl::Duration& last = link.last_arrival[to_hub ? 0 : 1];
      arrival = last = std::max(arrival, last);
    }
    if (++link.in_flight > kMostInFlight) {
      Violation(absl::StrCat("more than ", kMostInFlight,
                             " frames between agent ", agent, " and hub ",
                             hub));
    }
    At(arrival, [this, agent, hub, to_hub, stream = link.stream, frame] {
      Deliver(agent, hub, to_hub, stream, frame);
    });
  }
}

void Simulation::Deliver(int agent, int hub, bool to_hub, StreamNumber stream,
                         const std::string& frame) {
  Wire& link = wire(agent, hub);
  if (link.stream != stream) return;  // went down with its stream
  --link.in_flight;
  // What is wrong with a frame is of no interest: the invariants are.
  if (to_hub) {
    HubNode& node = *hubs_[static_cast<size_t>(hub)].node;
    const absl::Status status = node.OnFrame(stream, AsBytes(frame), HubTime());
    if (node.relay().waiting() > kMostWaiting) {
      Violation(absl::StrCat("hub ", hub, " holds ", node.relay().waiting(),
                             " shares"));
    }
    PumpHub(hub);
    // A hub closes the stream of somebody whose hello does not verify.
    if (absl::IsUnauthenticated(status)) Cut(agent, hub);
  } else {
    Agent& receiver = agents_[static_cast<size_t>(agent)];
    receiver.node->OnFrame(HubName(hub), AsBytes(frame), TimeOf(receiver))
        .IgnoreError();
    PumpAgent(agent);
  }
}

void Simulation::PumpAgent(int number) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (agent.node == nullptr || DiesOfAWrite(number)) return;
  for (AgentEvent& event : agent.node->TakeEvents()) OnEvent(number, event);
  CheckLanes(number);
  for (auto& [hub_id, frame] : agent.node->TakeFrames()) {
    for (int h = 0; h < options_.hubs; ++h) {
      if (HubName(h) != hub_id) continue;
      Send(number, h, true, std::move(frame));
      break;
    }
  }
  for (auto& [peer, message] : agent.node->TakeLaneMessages()) {
    SendLaneMessage(number, NumberOf(peer), false, std::move(message));
  }
}

void Simulation::PumpHub(int number) {
  Hub& hub = hubs_[static_cast<size_t>(number)];
  if (hub.node == nullptr) return;
  std::map<StreamNumber, int> agent_of;
  for (auto& [stream, frame] : hub.node->TakeFrames()) {
    if (agent_of.empty()) {
      for (int a = 0; a < options_.agents; ++a) {
        agent_of[wire(a, number).stream] = a;
      }
    }
    const auto found = agent_of.find(stream);
    if (found != agent_of.end()) {
      Send(found->second, number, false, std::move(frame));
    }
  }
}

// ---- Time

void Simulation::Tick() {
  for (int h = 0; h < options_.hubs; ++h) {
    Hub& hub = hubs_[static_cast<size_t>(h)];
    if (hub.node != nullptr) hub.node->OnTime(HubTime());
    PumpHub(h);
  }
  for (int a = 0; a < options_.agents; ++a) {
    Agent& agent = agents_[static_cast<size_t>(a)];
    if (agent.node == nullptr) continue;
    agent.node->OnTime(TimeOf(agent));
    if (const auto due = agent.node->NextTime(); due && *due <= now_) {
      Violation(absl::StrCat(AgentName(a).text(), " is due again at once"));
    }
    if (OneIn(40)) {
      for (PadEnd& pads : agent.pads) {
        for (auto& pad : pads.open) pad->EraseUsed(OneIn(2)).IgnoreError();
      }
    }
    PumpAgent(a);
    if (agent.node == nullptr) continue;  // it died of a write
    for (int h = 0; h < options_.hubs; ++h) {
      // As the daemons do with a stream on which nobody is welcomed.
      if (now_ - wire(a, h).since >= kWelcomePatience &&
          !agent.node->link(HubName(h)).connected()) {
        Cut(a, h);
      }
    }
  }
  After(kTick, [this] { Tick(); });
}

void Simulation::Want(int number) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (agent.node == nullptr) return;
  for (int peer : agent.peers) {
    agent.node
        ->SetWanted(AgentName(peer), 1 + Below(options_.most_wanted),
                    TimeOf(agent))
        .IgnoreError();
  }
  PumpAgent(number);
  const uint64_t life = agent.life;
  After(absl::Milliseconds(500 + Below(3000)), [this, number, life] {
    if (agents_[static_cast<size_t>(number)].life == life) Want(number);
  });
}

}  // namespace skex
