// What must hold in a simulation.

#include <iterator>
#include <map>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "tests/simulation/simulation.h"

namespace skex {

std::string Simulation::UseOf(Side side, const TableId& table,
                              Direction direction) {
  return absl::StrCat(side == Side::kAgent ? "agent's" : "hub's", " end of ",
                      table.Hex(), ", direction ", static_cast<int>(direction));
}

void Simulation::OnEvent(int number, AgentEvent& event) {
  auto* established = std::get_if<KeysEstablished>(&event);
  if (established == nullptr) return;
  if (established->initiator) {
    fresh_[{number, established->peer.text()}] +=
        static_cast<int>(established->keys.size());
  }
  for (const Key& key : established->keys) {
    ++keys_;
    const std::string bytes(AsText(key.bytes.view()));
    const int end = established->initiator ? 1 : 2;
    KeyRecord& record = key_records_[key.id];
    if (record.ends & end) {
      Violation(absl::StrCat("key ", key.id.Hex(), " came twice at one end"));
    } else if (record.ends != 0 && record.bytes != bytes) {
      Violation(absl::StrCat("key ", key.id.Hex(), " differs at its ends"));
    }
    record.ends |= end;
    record.bytes = bytes;
  }
}

void Simulation::NoteUse(Side side, const TableId& table, Direction direction,
                         Stream stream, PadRange range) {
  const std::string end = UseOf(side, table, direction);
  std::map<uint64_t, uint64_t>& used = used_[end];
  const auto after = used.upper_bound(range.from);
  const bool overlaps =
      (after != used.end() && after->first < range.to) ||
      (after != used.begin() && std::prev(after)->second > range.from);
  if (overlaps) {
    Violation(absl::StrCat(end, " uses [", range.from, ", ", range.to,
                           ") of stream ", static_cast<int>(stream), " twice"));
  }
  used.emplace(range.from, range.to);
}

void Simulation::Violation(std::string what) {
  violations_.push_back(absl::StrCat(
      "after ", absl::FormatDuration(now_ - absl::Seconds(1000)), ": ", what));
}

}  // namespace skex
