#include "tests/pads/machines.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_file_format.h"
#include "service/storage/pad_file_writer.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/node/agent_node.h"
#include "skex/psk/key.h"

namespace skex {
namespace {

using service::FakeFileSystem;
using service::OpenMode;
using service::PadFile;

// Enough for two dozen crashes.
constexpr PadGeometry kGeometry = {
    .lanes = 1, .mac_bytes = 20 * kMacChunk, .otp_bytes = 20 * kOtpChunk};

// In one Advance(). What never settles would otherwise run for ever.
constexpr uint64_t kMostFrames = 50'000;

AgentId AgentName(int agent) {
  return *AgentId::Parse(Machines::NameOf(agent));
}

std::string PathOf(int agent, int hub, Side side) {
  return side == Side::kAgent ? absl::StrCat("hub", hub, ".pad")
                              : absl::StrCat("agent", agent, ".pad");
}

// Both halves of a new pad, as files.
struct NewPad {
  PadIdentity identity;
  std::array<std::string, 2> halves;  // by side
};

std::string MakeHalf(Side side, const PadIdentity& identity,
                     const Secret& link_key, const std::string& data) {
  FakeFileSystem files(0);
  auto writer = *service::PadFileWriter::Create(
      &files, "pad", {side, identity, link_key.Clone()});
  absl::Status status = writer->Append(AsBytes(data));
  if (status.ok()) status = writer->Finish();
  return status.ok() ? files.Contents("pad") : "";
}

// Every seed begins with the same pads, by agent and hub: to make them takes
// longer than to use them.
const std::vector<NewPad>& NewPads() {
  static const auto* const pads = [] {
    auto* made = new std::vector<NewPad>;
    SeededEntropy entropy(1);
    for (int agent = 0; agent < Machines::kAgents; ++agent) {
      for (int hub = 0; hub < Machines::kHubs; ++hub) {
        const PadIdentity identity = {
            RandomId<TableId>(entropy), AgentName(agent),
            FakeNetwork::HubName(hub), PadSource::kGenerator, kGeometry};
        Secret link_key = Secret::OfSize(kLinkKeySize);
        entropy.Fill(link_key.mutable_view());
        std::string data(kGeometry.total_bytes(), '\0');
        entropy.Fill({reinterpret_cast<uint8_t*>(data.data()), data.size()});
        made->push_back({identity,
                         {MakeHalf(Side::kAgent, identity, link_key, data),
                          MakeHalf(Side::kHub, identity, link_key, data)}});
      }
    }
    return made;
  }();
  return *pads;
}

int MachineOf(int agent, int hub, Side side) {
  return side == Side::kAgent ? agent : Machines::kAgents + hub;
}

}  // namespace

std::string Machines::NameOf(int machine) {
  return IsHub(machine) ? FakeNetwork::HubName(machine - kAgents).text()
                        : absl::StrCat("agent", machine, "@north.example");
}

Machines::Machines(uint64_t seed)
    : ends_(Index(kAgents * kHubs)),
      network_(
          {.seed = seed,
           .hubs = kHubs,
           .agents = {NameOf(0), NameOf(1)},
           .open_pad = [this](const std::string& agent, int hub, Side side) {
             return OpenPad(agent == NameOf(0) ? 0 : 1, hub, side);
           }}) {
  for (int machine = 0; machine < kMachines; ++machine) {
    disks_.push_back(
        std::make_unique<FakeFileSystem>(seed * kMachines + Index(machine)));
  }
  for (int agent = 0; agent < kAgents; ++agent) {
    for (int hub = 0; hub < kHubs; ++hub) {
      const NewPad& pad = NewPads()[PadNumber(agent, hub)];
      records_.emplace_back(absl::StrCat(NameOf(agent), " and ",
                                         FakeNetwork::HubName(hub).text()),
                            pad.identity.geometry);
      for (Side side : {Side::kAgent, Side::kHub}) {
        FakeFileSystem& files = disk(MachineOf(agent, hub, side));
        const std::string path = PathOf(agent, hub, side);
        files.Open(path, OpenMode::kCreate).status().IgnoreError();
        files.SyncFolder(".").IgnoreError();
        files.SetContents(path, pad.halves[static_cast<size_t>(side)]);
      }
    }
  }
  network_.AddPeers(2, 2);
  for (int agent = 0; agent < kAgents; ++agent) {
    // Shorter than usual: after a crash in the middle of an exchange the next
    // one is to come soon.
    network_.policy(NameOf(agent), NameOf(1 - agent)).exchange_timeout =
        absl::Milliseconds(300);
  }
  network_.tamper = [this](const std::string& agent, int hub, bool,
                           std::string&) {
    return PassesFrame(agent == NameOf(0) ? 0 : 1, hub);
  };
}

Machines::~Machines() {
  for (int machine = 0; machine < kMachines; ++machine) Stop(machine);
}

template <typename Visit>
void Machines::ForEachPad(int machine, Visit visit) {
  for (int agent = 0; agent < kAgents; ++agent) {
    for (int hub = 0; hub < kHubs; ++hub) {
      for (Side side : {Side::kAgent, Side::kHub}) {
        if (MachineOf(agent, hub, side) == machine) {
          visit(PadNumber(agent, hub), side);
        }
      }
    }
  }
}

// ---- Pads

absl::StatusOr<std::unique_ptr<Pad>> Machines::OpenPad(int agent, int hub,
                                                       Side side) {
  const size_t number = PadNumber(agent, hub);
  End& end = this->end(number, side);
  end = {};
  absl::StatusOr<std::unique_ptr<PadFile>> file = PadFile::Open(
      &disk(MachineOf(agent, hub, side)), PathOf(agent, hub, side), side,
      AgentName(agent), FakeNetwork::HubName(hub));
  if (!file.ok()) return file.status();
  end.file = *std::move(file);
  // What this restart gives up is given up before the first use.
  NoteRestart(number, side);
  absl::StatusOr<std::unique_ptr<Pad>> pad = Pad::Open(end.file.get(), side, 0);
  if (!pad.ok()) return pad.status();
  end.pad = pad->get();
  end.pad->set_use_observer([this, agent, hub, side](Direction direction,
                                                     Stream stream,
                                                     PadRange range) {
    records_[PadNumber(agent, hub)].NoteUse(
        side, direction, stream, range,
        ClaimedOnMedium(agent, hub, side, direction, stream));
  });
  return pad;
}

uint64_t Machines::ClaimedOnMedium(int agent, int hub, Side side,
                                   Direction direction, Stream stream) {
  const FakeFileSystem& files = disk(MachineOf(agent, hub, side));
  const NewPad& pad = NewPads()[PadNumber(agent, hub)];
  std::optional<service::MarkSlot> latest;
  for (size_t slot = 0; slot < service::kMarkSlots; ++slot) {
    const std::string bytes =
        files.Durable(PathOf(agent, hub, side), service::MarkSlotOffset(slot),
                      service::kMarkSlotSize);
    absl::StatusOr<service::MarkSlot> marks =
        service::DecodeMarkSlot(pad.identity, AsBytes(bytes));
    if (marks.ok() &&
        (!latest.has_value() || marks->generation > latest->generation)) {
      latest = *marks;
    }
  }
  if (!latest.has_value()) return 0;
  return latest->marks.at(direction, 0, stream).claimed_upto;
}

void Machines::NoteRestart(size_t pad, Side side) {
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    const Side receiver =
        direction == ReceiveDirection(Side::kHub) ? Side::kHub : Side::kAgent;
    const PadFile* file = end(pad, receiver).file.get();
    // If the other end is down, its own restart will tell.
    if (receiver != side && end(pad, receiver).pad == nullptr) continue;
    for (Stream stream : {Stream::kMac, Stream::kOtp}) {
      records_[pad].NoteRestart(
          direction, stream,
          file->marks().at(direction, 0, stream).claimed_upto);
    }
  }
}

absl::Status Machines::EraseUsed(int machine) {
  absl::Status first;
  ForEachPad(machine, [&](size_t pad, Side side) {
    if (end(pad, side).pad == nullptr || !Runs(machine)) return;
    first.Update(end(pad, side).pad->EraseUsed(true));
  });
  return first;
}

// ---- Machines

bool Machines::Runs(int machine) const {
  return IsHub(machine) ? network_.HubRuns(machine - kAgents)
                        : network_.AgentRuns(NameOf(machine));
}

void Machines::Start(int machine) {
  if (Runs(machine)) return;
  if (dark_ == machine) dark_ = -1;
  if (IsHub(machine)) {
    network_.StartHub(machine - kAgents);
  } else {
    network_.StartAgent(NameOf(machine));
  }
  // A process that does not start leaves no pad open.
  if (!Runs(machine)) Stop(machine);
}

void Machines::StartAll() {
  for (int machine = 0; machine < kMachines; ++machine) Start(machine);
}

void Machines::Stop(int machine) {
  if (IsHub(machine)) {
    network_.StopHub(machine - kAgents);
  } else {
    network_.StopAgent(NameOf(machine));
  }
  ForEachPad(machine, [this](size_t pad, Side side) { end(pad, side) = {}; });
}

void Machines::Kill(int machine) {
  Stop(machine);
  disk(machine).ReleaseLocks();
}

void Machines::CutPower(int machine) {
  Stop(machine);
  disk(machine).Crash();
}

void Machines::GoDark(int machine, uint64_t frames) {
  dark_ = machine;
  frames_until_dark_ = frames;
}

bool Machines::PassesFrame(int agent, int hub) {
  if (++frames_ == kMostFrames) {
    violations_.push_back(absl::StrCat("frames without end between ",
                                       NameOf(agent), " and ",
                                       NameOf(kAgents + hub)));
  }
  if (frames_ >= kMostFrames) return false;
  if (dark_ != agent && dark_ != kAgents + hub) return true;
  if (frames_until_dark_ == 0) return false;
  --frames_until_dark_;
  return true;
}

// ---- Keys

void Machines::Want(uint16_t keys) {
  for (int agent = 0; agent < kAgents; ++agent) {
    if (!Runs(agent)) continue;
    network_.agent(NameOf(agent))
        .SetWanted(AgentName(1 - agent), keys, network_.now())
        .IgnoreError();
  }
}

void Machines::Advance(absl::Duration time) {
  frames_ = 0;
  network_.Advance(time);
  for (int agent = 0; agent < kAgents; ++agent) NoteKeys(agent);
  for (const auto& [id, record] : keys_) {
    if (record.at_initiator && !record.at_responder) {
      violations_.push_back(
          absl::StrCat("only the initiator has key ", id.Hex()));
    }
  }
  CheckRefusals();
}

void Machines::NoteKeys(int agent) {
  for (AgentEvent& event : network_.TakeEvents(NameOf(agent))) {
    const auto* established = std::get_if<KeysEstablished>(&event);
    if (established == nullptr) continue;
    for (const Key& key : established->keys) {
      const absl::string_view bytes = AsText(key.bytes.view());
      KeyRecord& record = keys_[key.id];
      bool& here =
          established->initiator ? record.at_initiator : record.at_responder;
      if (here) {
        violations_.push_back(
            absl::StrCat("key ", key.id.Hex(), " came twice at one end"));
      } else if (!record.bytes.empty() && record.bytes != bytes) {
        violations_.push_back(
            absl::StrCat("key ", key.id.Hex(), " differs at its ends"));
      }
      here = true;
      record.bytes = std::string(bytes);
      if (established->initiator) ++keys_of_[Index(agent)];
    }
  }
}

void Machines::CheckRefusals() {
  // What a disk can cause, and nothing else.
  const auto check = [this](std::vector<absl::Status>& statuses,
                            absl::string_view what) {
    for (const absl::Status& status : statuses) {
      if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
        continue;
      }
      violations_.push_back(absl::StrCat(what, ": ", status.ToString()));
    }
    statuses.clear();
  };
  check(network_.refused, "a frame is refused");
  check(network_.not_started, "a process does not start");
}

absl::Status Machines::LastFailure(int agent) {
  if (!Runs(agent)) return absl::UnavailableError("the process is down");
  return network_.agent(NameOf(agent)).LastFailure(AgentName(1 - agent));
}

std::vector<std::string> Machines::violations() const {
  std::vector<std::string> all = violations_;
  for (const PadRecord& record : records_) {
    all.insert(all.end(), record.violations().begin(),
               record.violations().end());
  }
  return all;
}

}  // namespace skex
