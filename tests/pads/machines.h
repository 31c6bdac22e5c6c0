#ifndef TESTS_PADS_MACHINES_H_
#define TESTS_PADS_MACHINES_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file.h"
#include "skex/base/ids.h"
#include "skex/node/fake_network.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"
#include "tests/pads/pad_record.h"

namespace skex {

// Two agents and three hubs that establish keys (2 of 3), each on a machine
// with a disk of its own: real nodes on real pad files on a file system with
// faults. A machine can be killed, lose its power, or vanish from the network
// in the middle of something.
//
// What has to hold at every step is checked at every step; what does not ends
// up in violations():
// - no pad byte is used twice, accepted twice, accepted without being sent,
//   used before its claim is on the medium, or lost without a crash; see
//   PadRecord;
// - a crash gives up no more than MostGivenUp();
// - the initiator of a key shares it with the responder, byte for byte;
// - no frame is refused because pad bytes differ or are erased, and no pad
//   file is damaged;
// - nobody sends frames without end.
class Machines {
 public:
  static constexpr int kAgents = 2;
  static constexpr int kHubs = 3;
  // The agents come first.
  static constexpr int kMachines = kAgents + kHubs;

  // Nothing runs yet.
  explicit Machines(uint64_t seed);
  ~Machines();

  // "agent0@north.example", "hub0@op0.example"
  static std::string NameOf(int machine);
  static bool IsHub(int machine) { return machine >= kAgents; }

  service::FakeFileSystem& disk(int machine) { return *disks_[Index(machine)]; }

  // Starts the process of a machine that is down. It stays down if a pad does
  // not open.
  void Start(int machine);
  void StartAll();
  bool Runs(int machine) const;

  // The process is killed; its disk is as it left it.
  void Kill(int machine);
  // The power fails: what the disk had not synced may be lost or torn.
  void CutPower(int machine);

  // After `frames` more frames the machine sends and receives nothing, until
  // it starts again: where it was when it crashed.
  void GoDark(int machine, uint64_t frames);

  // Overwrites the used bytes of all pads of a machine, as daemons do. Returns
  // the first error.
  absl::Status EraseUsed(int machine);

  // Each agent that runs wants `keys` more keys to dial the other with.
  void Want(uint16_t keys);
  // Moves the clock and takes note of the keys.
  void Advance(absl::Duration time);

  // How many keys an agent got as initiator.
  uint64_t keys_of(int agent) const { return keys_of_[Index(agent)]; }
  // Why the last attempt of an agent gave no key; OK after a success.
  absl::Status LastFailure(int agent);

  std::vector<std::string> violations() const;

  // By agent and hub.
  const std::vector<PadRecord>& records() const { return records_; }

 private:
  // One end of one pad, on the disk of its machine.
  struct End {
    std::unique_ptr<service::PadFile> file;
    Pad* pad = nullptr;  // belongs to the network
  };
  struct KeyRecord {
    std::string bytes;
    bool at_initiator = false;
    bool at_responder = false;
  };

  static size_t Index(int number) { return static_cast<size_t>(number); }
  static size_t PadNumber(int agent, int hub) {
    return Index(agent * kHubs + hub);
  }
  End& end(size_t pad, Side side) {
    return ends_[pad][static_cast<size_t>(side)];
  }

  absl::StatusOr<std::unique_ptr<Pad>> OpenPad(int agent, int hub, Side side);
  uint64_t ClaimedOnMedium(int agent, int hub, Side side, Direction direction,
                           Stream stream);
  void NoteRestart(size_t pad, Side side);
  // The machine's process is gone.
  void Stop(int machine);
  // Calls `visit` with every pad of which the machine has an end.
  template <typename Visit>
  void ForEachPad(int machine, Visit visit);
  bool PassesFrame(int agent, int hub);
  void NoteKeys(int agent);
  void CheckRefusals();

  std::vector<std::unique_ptr<service::FakeFileSystem>> disks_;  // by machine
  std::vector<PadRecord> records_;                               // by pad
  std::vector<std::array<End, 2>> ends_;                         // by pad, side
  FakeNetwork network_;
  int dark_ = -1;  // the machine that goes dark
  uint64_t frames_until_dark_ = 0;
  uint64_t frames_ = 0;  // since the clock was last moved from outside
  std::map<KeyId, KeyRecord> keys_;
  std::array<uint64_t, kAgents> keys_of_{};
  std::vector<std::string> violations_;
};

}  // namespace skex

#endif  // TESTS_PADS_MACHINES_H_
