// What goes wrong in a simulation, and how it is put right.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/simulation.h"

namespace skex {

void Simulation::BreakSomething() {
  if (!faulty_) return;
  ++faults_;
  const int a = static_cast<int>(Below(agents_.size()));
  const int h = static_cast<int>(Below(hubs_.size()));
  Agent& agent = agents_[static_cast<size_t>(a)];
  const Side side = OneIn(2) ? Side::kAgent : Side::kHub;
  const absl::Duration while_broken = absl::Milliseconds(10 + Below(4000));
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
  After(absl::Milliseconds(
            1 + Below(2 * static_cast<uint64_t>(absl::ToInt64Milliseconds(
                              options_.fault_interval)))),
        [this] { BreakSomething(); });
}

// Some time after the backup the agent has used more of its pads; then its disk
// is as it was. The hubs, which have the other ends, are not restored.
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
  for (int h = 0; h < options_.hubs; ++h) StartHub(h);
  for (int a = 0; a < options_.agents; ++a) StartAgent(a);
}

}  // namespace skex
