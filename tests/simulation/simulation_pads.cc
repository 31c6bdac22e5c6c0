// The pads of a simulation, and the operator who sees to them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/simulation/simulation.h"

namespace skex {
namespace {

constexpr absl::Duration kOperatorsRound = absl::Milliseconds(500);
// The other end gets its half, or is told of a revocation, so much later at
// most.
constexpr uint64_t kMostLagMs = 4000;

// Whether a stream of the pad is used up to half, by what its end has claimed.
bool RunsLow(const GeneratedPad& pad) {
  const PadGeometry& geometry = pad.identity().geometry;
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    for (Stream stream : {Stream::kMac, Stream::kOtp}) {
      const uint64_t begin = geometry.Begin(direction, 0, stream);
      const uint64_t end = geometry.End(direction, 0, stream);
      const uint64_t claimed =
          pad.marks().at(direction, 0, stream).claimed_upto;
      if (claimed - begin > (end - begin) / 2) return true;
    }
  }
  return false;
}

}  // namespace

Simulation::NewPad Simulation::MakePad(int agent, int hub) {
  const PadIdentity identity = {
      RandomId<TableId>(entropy_), AgentName(agent), HubName(hub),
      PadSource::kGenerator,
      PadGeometry{.lanes = 1,
                  .mac_bytes = options_.pad_chunks * kMacChunk,
                  .otp_bytes = options_.pad_chunks * kOtpChunk}};
  const uint64_t seed = random_();
  NewPad pad = {std::make_unique<GeneratedPad>(identity, seed),
                std::make_unique<GeneratedPad>(identity, seed)};
  if (hub < options_.liars) pad.second->Bend();
  return pad;
}

bool Simulation::OpenNext(PadEnd& end, Side side) {
  GeneratedPad* const storage = end.disk[end.open.size()].get();
  absl::StatusOr<std::unique_ptr<Pad>> pad = Pad::Open(storage, side, 0);
  if (!pad.ok()) return false;
  (*pad)->set_use_observer(
      [this, side, table = storage->identity().table](
          Direction direction, Stream stream, PadRange range) {
        NoteUse(side, table, direction, stream, range);
      });
  end.open.push_back(*std::move(pad));
  return true;
}

void Simulation::TakeIn(int agent, int hub, Side side) {
  PadEnd& end = PadsOf(agent, hub, side);
  AgentNode* const agents_node = agents_[static_cast<size_t>(agent)].node.get();
  HubNode* const hubs_node = hubs_[static_cast<size_t>(hub)].node.get();
  if (side == Side::kAgent ? agents_node == nullptr : hubs_node == nullptr) {
    return;
  }
  while (end.open.size() < end.disk.size() && OpenNext(end, side)) {
    Pad* const pad = end.open.back().get();
    if (side == Side::kAgent) {
      agents_node->AddPad(HubName(hub), pad);
      PumpAgent(agent);
    } else {
      hubs_node->AddPad(AgentName(agent), pad);
    }
  }
}

void Simulation::Revoke(int agent, int hub, Side side, const TableId& table) {
  PadEnd& end = PadsOf(agent, hub, side);
  if (end.disk.front()->identity().table != table) return;
  if (!end.open.empty()) {
    // What is not open yet would be the only one.
    if (end.open.size() == 1) return;
    if (side == Side::kAgent) {
      agents_[static_cast<size_t>(agent)].node->RemovePad(HubName(hub), table);
    } else {
      hubs_[static_cast<size_t>(hub)].node->RemovePad(AgentName(agent), table);
    }
    end.open.erase(end.open.begin());
  }
  end.disk.erase(end.disk.begin());
}

void Simulation::Replenish() {
  for (int a = 0; a < options_.agents; ++a) {
    for (int h = 0; h < options_.hubs; ++h) ReplenishPair(a, h);
  }
  After(kOperatorsRound, [this] { Replenish(); });
}

void Simulation::ReplenishPair(int agent, int hub) {
  for (Side side : {Side::kAgent, Side::kHub}) TakeIn(agent, hub, side);
  PadEnd& agents = PadsOf(agent, hub, Side::kAgent);
  PadEnd& hubs = PadsOf(agent, hub, Side::kHub);
  const TableId oldest = agents.disk.front()->identity().table;
  if (agents.disk.back()->identity().table !=
          hubs.disk.back()->identity().table ||
      oldest != hubs.disk.front()->identity().table) {
    return;  // the other end's turn is to come
  }
  const Side first = OneIn(2) ? Side::kAgent : Side::kHub;
  const Side second = first == Side::kAgent ? Side::kHub : Side::kAgent;
  const absl::Duration lag = absl::Milliseconds(Below(kMostLagMs));
  // What is older than the pad before the newest is used up.
  if (agents.disk.size() > 2) {
    Revoke(agent, hub, first, oldest);
    After(lag, [this, agent, hub, second, oldest] {
      Revoke(agent, hub, second, oldest);
    });
    return;
  }
  if (!RunsLow(*agents.disk.back()) && !RunsLow(*hubs.disk.back())) return;
  ++pads_added_;
  // Functions that are queued must be copyable.
  auto pad = std::make_shared<NewPad>(MakePad(agent, hub));
  const auto take = [this, agent, hub, pad](Side side) {
    PadsOf(agent, hub, side)
        .disk.push_back(
            std::move(side == Side::kAgent ? pad->first : pad->second));
    TakeIn(agent, hub, side);
  };
  take(first);
  After(lag, [take, second] { take(second); });
}

}  // namespace skex
