#include "skex/node/fake_network.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace skex {
FakeNetwork::FakeNetwork(const Options& options)
    : options_(options),
      entropy_(options.seed),
      now_{absl::FromUnixSeconds(1'800'000'000), absl::Seconds(1000)},
      hubs_(static_cast<size_t>(options.hubs)) {
  for (const std::string& name : options.agents) {
    agents_[name];
    if (options.open_pad) continue;
    for (int hub = 0; hub < options.hubs; ++hub) {
      MakePad(name, hub, options.source);
    }
  }
}

HubId FakeNetwork::HubName(int hub) {
  return *HubId::Parse(absl::StrCat("hub", hub, "@op", hub, ".example"));
}

void FakeNetwork::AddPeers(uint8_t threshold, uint8_t min_hubs) {
  for (auto& [name, agent] : agents_) {
    for (const auto& [peer, unused] : agents_) {
      if (peer == name) continue;
      PeerPolicy policy = {.peer = *AgentId::Parse(peer)};
      for (int hub = 0; hub < options_.hubs; ++hub) {
        policy.hubs.push_back(HubName(hub));
      }
      policy.SortHubs();
      policy.threshold = threshold;
      policy.min_hubs = min_hubs;
      agent.policies.emplace(peer, policy);
    }
  }
}

PeerPolicy& FakeNetwork::policy(const std::string& agent,
                                const std::string& peer) {
  return agents_.at(agent).policies.at(peer);
}

void FakeNetwork::AddLanes(LaneUse use) {
  for (auto& [name, agent] : agents_) {
    for (auto& [peer, other] : agents_) {
      if (name >= peer) continue;
      const AgentId one = *AgentId::Parse(name);
      const AgentId two = *AgentId::Parse(peer);
      ProvisionFakeLanes(one, agent.lanes[peer], two, other.lanes[name],
                         entropy_);
      agent.lanes[peer].use = other.lanes[name].use = use;
      agent.policies.try_emplace(peer, PeerPolicy{.peer = two});
      other.policies.try_emplace(name, PeerPolicy{.peer = one});
    }
  }
}

FakeLanesEnd& FakeNetwork::lanes(const std::string& agent,
                                 const std::string& peer) {
  return agents_.at(agent).lanes.at(peer);
}

void FakeNetwork::MendLanes() {
  lanes_cut_ = false;
  for (const auto& [name, agent] : agents_) {
    if (agent.node != nullptr) TellLaneUp(name);
  }
}

void FakeNetwork::TellLaneUp(const std::string& peer) {
  for (auto& [name, agent] : agents_) {
    if (agent.node == nullptr || !agent.lanes.contains(peer)) continue;
    agent.node->OnLaneUp(*AgentId::Parse(peer), now_);
  }
}

void FakeNetwork::MakePad(const std::string& agent, int hub, PadSource source) {
  agents_.at(agent).pads[hub].push_back(
      MakeFakePads(*AgentId::Parse(agent), HubName(hub),
                   SmallGeometry(options_.chunks), entropy_, source));
}

void FakeNetwork::TakeNewestPad(const std::string& name, int hub, Side side) {
  Agent& agent = agents_.at(name);
  FakePadPair& ends = agent.pads.at(hub).back();
  if (side == Side::kAgent) {
    OpenPads& pads = agent.open_pads.at(hub);
    pads.push_back(Pad::Open(ends.agent.get(), side, 0).value());
    agent.node->AddPad(HubName(hub), pads.back().get());
  } else {
    Hub& the_hub = hubs_.at(static_cast<size_t>(hub));
    OpenPads& pads = the_hub.open_pads.at(name);
    pads.push_back(Pad::Open(ends.hub.get(), side, 0).value());
    the_hub.node->AddPad(*AgentId::Parse(name), pads.back().get());
  }
}

FakeNetwork::OpenPads FakeNetwork::OpenAll(const std::string& agent, int hub,
                                           Side side) {
  OpenPads pads;
  if (options_.open_pad) {
    absl::StatusOr<std::unique_ptr<Pad>> pad =
        options_.open_pad(agent, hub, side);
    if (pad.ok()) {
      pads.push_back(*std::move(pad));
    } else {
      not_started.push_back(pad.status());
    }
    return pads;
  }
  for (FakePadPair& ends : agents_.at(agent).pads.at(hub)) {
    FakePadStorage* end =
        side == Side::kAgent ? ends.agent.get() : ends.hub.get();
    pads.push_back(Pad::Open(end, side, 0).value());
  }
  return pads;
}

void FakeNetwork::StartHub(int number) {
  StopHub(number);
  std::map<std::string, OpenPads> opened;
  for (const auto& [name, unused] : agents_) {
    opened[name] = OpenAll(name, number, Side::kHub);
    if (opened[name].empty()) return;
  }
  Hub& hub = hubs_.at(static_cast<size_t>(number));
  hub.open_pads = std::move(opened);
  hub.node = std::make_unique<HubNode>(
      HubNode::Options{.self = HubName(number),
                       .boot = RandomId<BootId>(entropy_),
                       .entropy = &entropy_,
                       .relay = {.self = HubName(number)}});
  for (const auto& [name, pads] : hub.open_pads) {
    Relay::Enrolment enrolment;
    for (const auto& [other, unused] : agents_) {
      if (other != name) enrolment.allow.insert(*AgentId::Parse(other));
    }
    const AgentId id = *AgentId::Parse(name);
    hub.node->AddAgent(id, pads[0].get(), enrolment);
    for (size_t i = 1; i < pads.size(); ++i) {
      hub.node->AddPad(id, pads[i].get());
    }
  }
  for (auto& [name, agent] : agents_) {
    if (agent.node != nullptr) Connect(name, number);
  }
}

std::optional<std::vector<std::unique_ptr<PairLanes>>>
FakeNetwork::OpenAllLanes(const std::string& name, const BootId& boot) {
  std::vector<std::unique_ptr<PairLanes>> all;
  for (auto& [peer, end] : agents_.at(name).lanes) {
    absl::StatusOr<std::unique_ptr<PairLanes>> lanes = OpenFakeLanes(
        *AgentId::Parse(name), policy(name, peer), boot, &entropy_, &end);
    if (!lanes.ok()) {
      not_started.push_back(lanes.status());
      return std::nullopt;
    }
    all.push_back(*std::move(lanes));
  }
  return all;
}

void FakeNetwork::StartAgent(const std::string& name) {
  StopAgent(name);
  const BootId boot = RandomId<BootId>(entropy_);
  std::map<int, OpenPads> opened;
  for (int hub = 0; hub < options_.hubs; ++hub) {
    opened[hub] = OpenAll(name, hub, Side::kAgent);
    if (opened[hub].empty()) return;
  }
  Agent& agent = agents_.at(name);
  auto opened_lanes = OpenAllLanes(name, boot);
  if (!opened_lanes.has_value()) return;
  agent.open_pads = std::move(opened);
  agent.node = std::make_unique<AgentNode>(AgentNode::Options{
      .self = *AgentId::Parse(name), .boot = boot, .entropy = &entropy_});
  for (const auto& [hub, pads] : agent.open_pads) {
    agent.node->AddHub(HubName(hub), pads[0].get());
    for (size_t i = 1; i < pads.size(); ++i) {
      agent.node->AddPad(HubName(hub), pads[i].get());
    }
  }
  for (const auto& [peer, policy] : agent.policies) {
    if (!policy.hubs.empty()) agent.node->AddPeer(policy);
  }
  for (auto& lanes : *opened_lanes) agent.node->AddLanes(std::move(lanes));
  for (int hub = 0; hub < options_.hubs; ++hub) {
    if (hubs_[static_cast<size_t>(hub)].node != nullptr) Connect(name, hub);
  }
  if (!lanes_cut_) TellLaneUp(name);
}

void FakeNetwork::StopHub(int number) {
  Hub& hub = hubs_.at(static_cast<size_t>(number));
  if (hub.node == nullptr) return;
  hub.node.reset();
  hub.open_pads.clear();
  for (auto& [name, agent] : agents_) {
    agent.streams.erase(number);
    if (agent.node != nullptr) agent.node->OnStreamDown(HubName(number));
  }
}

void FakeNetwork::StopAgent(const std::string& name) {
  Agent& agent = agents_.at(name);
  if (agent.node == nullptr) return;
  for (const auto& [hub, stream] : agent.streams) {
    if (hubs_[static_cast<size_t>(hub)].node != nullptr) {
      hubs_[static_cast<size_t>(hub)].node->OnStreamDown(stream);
    }
  }
  agent.streams.clear();
  agent.node.reset();
  agent.open_pads.clear();
}

void FakeNetwork::Connect(const std::string& name, int hub) {
  const StreamNumber stream = next_stream_++;
  agents_.at(name).streams[hub] = stream;
  hubs_[static_cast<size_t>(hub)].node->OnStreamUp(stream);
}

void FakeNetwork::Disconnect(const std::string& name, int hub) {
  Agent& agent = agents_.at(name);
  hubs_[static_cast<size_t>(hub)].node->OnStreamDown(agent.streams.at(hub));
  agent.node->OnStreamDown(HubName(hub));
}

void FakeNetwork::Reconnect(const std::string& name, int hub) {
  Disconnect(name, hub);
  Connect(name, hub);
}

void FakeNetwork::TakeIn(Agent& agent) {
  for (AgentEvent& event : agent.node->TakeEvents()) {
    agent.events.push_back(std::move(event));
  }
}

bool FakeNetwork::MoveToHubs(const std::string& name, Agent& agent) {
  bool moved = false;
  for (auto& [hub_id, frame] : agent.node->TakeFrames()) {
    for (int hub = 0; hub < options_.hubs; ++hub) {
      HubNode* node = hubs_[static_cast<size_t>(hub)].node.get();
      if (HubName(hub) != hub_id || node == nullptr) continue;
      moved = true;
      if (tamper && !tamper(name, hub, true, frame)) continue;
      absl::Status status =
          node->OnFrame(agent.streams.at(hub), AsBytes(frame), now_);
      if (!status.ok()) refused.push_back(status);
    }
  }
  return moved;
}

bool FakeNetwork::MoveToAgents(int hub) {
  bool moved = false;
  HubNode* node = hubs_[static_cast<size_t>(hub)].node.get();
  if (node == nullptr) return false;
  for (auto& [stream, frame] : node->TakeFrames()) {
    for (auto& [name, agent] : agents_) {
      const auto found = agent.streams.find(hub);
      if (agent.node == nullptr || found == agent.streams.end() ||
          found->second != stream) {
        continue;
      }
      moved = true;
      if (tamper && !tamper(name, hub, false, frame)) continue;
      absl::Status status =
          agent.node->OnFrame(HubName(hub), AsBytes(frame), now_);
      if (!status.ok()) refused.push_back(status);
    }
  }
  return moved;
}

bool FakeNetwork::MoveLaneMessages(const std::string& name, Agent& agent) {
  bool moved = false;
  for (auto& [peer, message] : agent.node->TakeLaneMessages()) {
    moved = true;
    MoveLaneMessage(name, std::string(peer.text()), std::move(message));
  }
  return moved;
}

void FakeNetwork::MoveLaneMessage(const std::string& from,
                                  const std::string& to, std::string message) {
  if (tamper_lane && !tamper_lane(from, to, message)) return;
  Agent& receiver = agents_.at(to);
  if (lanes_cut_ || receiver.node == nullptr) return;
  AgentNode::LaneReply reply =
      receiver.node->OnLaneRequest(AsBytes(message), now_);
  if (!reply.status.ok()) refused.push_back(reply.status);
  TakeIn(receiver);
  for (std::string& answer : reply.messages) {
    if (tamper_lane && !tamper_lane(to, from, answer)) continue;
    absl::Status status = agents_.at(from).node->OnLaneAnswer(
        *AgentId::Parse(to), AsBytes(answer), now_);
    if (!status.ok()) refused.push_back(status);
  }
}

bool FakeNetwork::MoveFrames() {
  bool moved = false;
  for (auto& [name, agent] : agents_) {
    if (agent.node == nullptr) continue;
    TakeIn(agent);
    moved = MoveToHubs(name, agent) || moved;
    moved = MoveLaneMessages(name, agent) || moved;
  }
  for (int hub = 0; hub < options_.hubs; ++hub) {
    moved = MoveToAgents(hub) || moved;
  }
  return moved;
}

void FakeNetwork::Settle() {
  while (MoveFrames()) {
  }
}

void FakeNetwork::Advance(absl::Duration time) {
  const absl::Duration end = now_.mono + time;
  Settle();
  while (now_.mono < end) Leap(absl::Milliseconds(10));
}

void FakeNetwork::Leap(absl::Duration time) {
  now_.mono += time;
  now_.wall += time;
  for (auto& [name, agent] : agents_) {
    if (agent.node != nullptr) agent.node->OnTime(now_);
  }
  for (Hub& hub : hubs_) {
    if (hub.node != nullptr) hub.node->OnTime(now_);
  }
  Settle();
}

std::vector<AgentEvent> FakeNetwork::TakeEvents(const std::string& name) {
  return std::exchange(agents_.at(name).events, {});
}

std::vector<Key> FakeNetwork::TakeKeys(const std::string& name) {
  std::vector<Key> keys;
  for (AgentEvent& event : TakeEvents(name)) {
    if (auto* established = std::get_if<KeysEstablished>(&event)) {
      for (Key& key : established->keys) keys.push_back(std::move(key));
    }
  }
  return keys;
}

}  // namespace skex
