// What goes wrong in a simulation, and how it is put right.

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/simulation.h"

namespace skex {

void Simulation::BreakSomething() {
  if (!faulty_) return;
  ++faults_;
  const absl::Duration while_broken = absl::Milliseconds(10 + Below(4000));
  if (!lane_pairs_.empty() && OneIn(3)) {
    BreakLane(while_broken);
  } else {
    BreakNodeOrPad(while_broken);
  }
  After(absl::Milliseconds(
            1 + Below(2 * static_cast<uint64_t>(absl::ToInt64Milliseconds(
                              options_.fault_interval)))),
        [this] { BreakSomething(); });
}

void Simulation::BreakNodeOrPad(absl::Duration while_broken) {
  const int a = static_cast<int>(Below(agents_.size()));
  const int h = static_cast<int>(Below(hubs_.size()));
  Agent& agent = agents_[static_cast<size_t>(a)];
  const Side side = OneIn(2) ? Side::kAgent : Side::kHub;
  switch (Below(7)) {
    case 0:
      ++crashes_;
      StopAgent(a);
      if (OneIn(4)) RestoreBackup(a);
      After(while_broken, [this, a] { StartAgent(a); });
      break;
    case 1:
      ++crashes_;
      StopHub(h);
      After(while_broken, [this, h] { StartHub(h); });
      break;
    case 2:
      Cut(a, h);
      break;
    case 3:  // one stream stalls
      wire(a, h).stalled_until = now_ + while_broken;
      break;
    case 4:  // a partition: half of the agents hear nothing of the hub
      for (int other = a % 2; other < options_.agents; other += 2) {
        wire(other, h).stalled_until = now_ + while_broken;
      }
      break;
    case 5:
      agent.clock_error = absl::Seconds(static_cast<int>(Below(241)) - 120);
      break;
    default:
      PadsOf(a, h, side)
          .SetFailure(
              absl::ResourceExhaustedError("no space left on the device"));
      After(while_broken, [this, a, h, side] {
        PadsOf(a, h, side).SetFailure(absl::OkStatus());
      });
  }
}

void Simulation::BreakLane(absl::Duration while_broken) {
  auto [a, b] = lane_pairs_[Below(lane_pairs_.size())];
  if (OneIn(2)) std::swap(a, b);
  switch (Below(3)) {
    case 0:
      CutLanes(a, b, while_broken);
      break;
    case 1:
      SetLaneFailure(
          a, absl::ResourceExhaustedError("no space left on the device"));
      After(while_broken,
            [this, agent = a] { SetLaneFailure(agent, absl::OkStatus()); });
      break;
    default:  // it dies at its next write, which may be lost
      SetLaneFault(a, OneIn(4) ? FakeLaneStorage::Fault::kBeforeCommit
                               : FakeLaneStorage::Fault::kAfterCommit);
  }
}

// Some time after the backup the agent has used more of its pads and lanes;
// then its disk is as it was. The hubs, which have the other ends of pads, are
// not restored.
void Simulation::RestoreBackup(int number) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  const bool restore = !agent.backup.empty();
  for (PadEnd& pads : agent.pads) {
    for (auto& pad : pads.disk) {
      const TableId& table = pad->identity().table;
      const auto backup = agent.backup.find(table);
      if (!restore) {
        agent.backup.emplace(table, pad->Backup());
      } else if (backup != agent.backup.end()) {
        pad->Restore(backup->second);
        // A restored receiver grants, and may receive, once more what it
        // granted since the backup.
        used_.erase(UseOf(Side::kAgent, table, Direction::kHubToAgent));
      }
    }
  }
  RestoreLanes(number);
}

void Simulation::Heal() {
  faulty_ = false;
  for (Agent& agent : agents_) {
    agent.clock_error = absl::ZeroDuration();
    for (PadEnd& pads : agent.pads) pads.SetFailure(absl::OkStatus());
  }
  for (Hub& hub : hubs_) {
    for (PadEnd& pads : hub.pads) pads.SetFailure(absl::OkStatus());
  }
  for (Wire& link : wires_) link.stalled_until = now_;
  for (auto& [ends, way] : lane_ways_) way.cut_until = now_;
  for (int a = 0; a < options_.agents; ++a) {
    SetLaneFailure(a, absl::OkStatus());
    SetLaneFault(a, FakeLaneStorage::Fault::kNone);
  }
  for (int h = 0; h < options_.hubs; ++h) StartHub(h);
  for (int a = 0; a < options_.agents; ++a) StartAgent(a);
  for (int a = 0; a < options_.agents; ++a) TellLanesUp(a);
}

}  // namespace skex
