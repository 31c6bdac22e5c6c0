// The lanes of a simulation: keys between two agents alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"
#include "tests/simulation/simulation.h"

namespace skex {
namespace {

// More than all runs of two agents can have on one way.
constexpr int kMostInFlight = 1024;

LaneState StateOf(const FakeLaneStorage& storage) {
  return LaneState::Decode(AsBytes(*storage.state)).value();
}

// Whether an end of a lane may be restored: what is from before a re-root
// shares no root with the other end, and costs the lane.
bool IsOfTheSameRoot(const FakeLaneStorage& one, const FakeLaneStorage& other) {
  return StateOf(one).lanes.back().id == StateOf(other).lanes.back().id;
}

// An agent whose process is to die writes once more at most.
bool HasDied(const FakeLaneStorage& storage) {
  return storage.commits > 0 &&
         (storage.fault == FakeLaneStorage::Fault::kBeforeCommit ||
          storage.fault == FakeLaneStorage::Fault::kAfterCommit);
}

}  // namespace

void Simulation::MakeLanes() {
  if (options_.lanes.empty()) return;
  for (int a = 0; a < options_.agents; ++a) {
    for (int b : agents_[static_cast<size_t>(a)].peers) {
      Agent& one = agents_[static_cast<size_t>(a)];
      Agent& other = agents_[static_cast<size_t>(b)];
      if (one.lanes.contains(b)) continue;  // both dial each other
      const LaneUse use =
          options_.lanes[lane_pairs_.size() % options_.lanes.size()];
      lane_pairs_.emplace_back(a, b);
      ProvisionFakeLanes(AgentName(a), one.lanes[b], AgentName(b),
                         other.lanes[a], entropy_);
      for (FakeLanesEnd* end : {&one.lanes[b], &other.lanes[a]}) {
        end->use = use;
        if (options_.forgetful_lanes) {
          end->incoming.fault = FakeLaneStorage::Fault::kForgets;
        }
      }
    }
  }
}

void Simulation::SendLaneMessage(int from, int to, bool is_answer,
                                 std::string message) {
  LaneWay& way = lane_ways_[{from, to}];
  if (now_ < way.cut_until) return;
  const Fate fate = MeetNetwork(message);
  for (int copy = 0; copy < fate.copies; ++copy) {
    absl::Duration arrival = now_ + Delay(fate.in_order);
    if (fate.in_order) {
      arrival = way.last_arrival = std::max(arrival, way.last_arrival);
    }
    if (++way.in_flight > kMostInFlight) {
      Violation(absl::StrCat("more than ", kMostInFlight,
                             " lane messages from agent ", from, " to agent ",
                             to));
    }
    At(arrival, [this, from, to, is_answer, message] {
      --lane_ways_[{from, to}].in_flight;
      DeliverLaneMessage(from, to, is_answer, message);
    });
  }
}

void Simulation::DeliverLaneMessage(int from, int to, bool is_answer,
                                    const std::string& message) {
  // It may come to another process of the receiver than was meant.
  Agent& receiver = agents_[static_cast<size_t>(to)];
  if (receiver.node == nullptr) return;
  if (is_answer) {
    receiver.node
        ->OnLaneAnswer(AgentName(from), AsBytes(message), TimeOf(receiver))
        .IgnoreError();
    PumpAgent(to);
    return;
  }
  AgentNode::LaneReply reply =
      receiver.node->OnLaneRequest(AsBytes(message), TimeOf(receiver));
  const uint64_t life = receiver.life;
  PumpAgent(to);
  // It may have died between the write and the answer.
  if (receiver.node == nullptr || receiver.life != life) return;
  for (std::string& answer : reply.messages) {
    NoteAnswer(to, answer);
    SendLaneMessage(to, from, true, std::move(answer));
  }
}

void Simulation::CutLanes(int one, int other, absl::Duration time) {
  for (LaneWay* way : {&lane_ways_[{one, other}], &lane_ways_[{other, one}]}) {
    way->cut_until = now_ + time;
  }
  After(time, [this, one, other] {
    TellLaneUp(one, other);
    TellLaneUp(other, one);
  });
}

void Simulation::TellLaneUp(int agent, int peer) {
  Agent& told = agents_[static_cast<size_t>(agent)];
  if (told.node == nullptr) return;
  told.node->OnLaneUp(AgentName(peer), TimeOf(told));
  PumpAgent(agent);
}

void Simulation::TellLanesUp(int agent) {
  for (const auto& [other, end] : agents_[static_cast<size_t>(agent)].lanes) {
    TellLaneUp(other, agent);
  }
}

void Simulation::SetLaneFailure(int agent, const absl::Status& failure) {
  for (auto& [other, end] : agents_[static_cast<size_t>(agent)].lanes) {
    end.outgoing.failure = end.incoming.failure = failure;
  }
}

void Simulation::SetLaneFault(int agent, FakeLaneStorage::Fault fault) {
  for (auto& [other, end] : agents_[static_cast<size_t>(agent)].lanes) {
    for (FakeLaneStorage* storage : {&end.outgoing, &end.incoming}) {
      if (storage->fault == FakeLaneStorage::Fault::kForgets) continue;
      storage->fault = fault;
      storage->commits = 0;
    }
  }
}

bool Simulation::DiesOfAWrite(int number) {
  bool died = false;
  for (const auto& [other, end] : agents_[static_cast<size_t>(number)].lanes) {
    died = died || HasDied(end.outgoing) || HasDied(end.incoming);
  }
  if (!died) return false;
  SetLaneFault(number, FakeLaneStorage::Fault::kNone);
  ++crashes_;
  StopAgent(number);
  After(absl::Milliseconds(10 + Below(2000)),
        [this, number] { StartAgent(number); });
  return true;
}

void Simulation::RestoreLanes(int number) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (agent.lanes_backup.empty()) {
    agent.lanes_backup = agent.lanes;
    return;
  }
  for (auto& [other, end] : agent.lanes) {
    const FakeLanesEnd& backup = agent.lanes_backup.at(other);
    if (IsOfTheSameRoot(backup.outgoing, end.outgoing)) {
      end.outgoing.state = backup.outgoing.state;
    }
    if (IsOfTheSameRoot(backup.incoming, end.incoming)) {
      end.incoming.state = backup.incoming.state;
      // What it answered since the backup it may answer once more.
      for (const Lane& lane : StateOf(end.incoming).lanes) {
        std::erase_if(lane_answers_, [&lane](const auto& answer) {
          return answer.first.first == lane.id;
        });
      }
    }
  }
}

}  // namespace skex
