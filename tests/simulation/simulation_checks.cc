// What must hold in a simulation.

#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/node/pair_lanes.h"
#include "skex/psk/key.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/responder.h"
#include "tests/simulation/simulation.h"

namespace skex {

std::string Simulation::UseOf(Side side, const TableId& table,
                              Direction direction) {
  return absl::StrCat(side == Side::kAgent ? "agent's" : "hub's", " end of ",
                      table.Hex(), ", direction ", static_cast<int>(direction));
}

void Simulation::OnEvent(int number, AgentEvent& event) {
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (const auto* established = std::get_if<KeysEstablished>(&event)) {
    OnKeys(number, *established);
  } else if (const auto* failed = std::get_if<HubsFailed>(&event)) {
    if (!agent.hubs_failed.insert(failed->peer).second) {
      Violation(absl::StrCat(AgentName(number).text(),
                             " tells twice that hubs fail"));
    }
  } else if (const auto* back = std::get_if<HubsBack>(&event)) {
    if (agent.hubs_failed.erase(back->peer) == 0) {
      Violation(absl::StrCat(AgentName(number).text(),
                             " tells that hubs are back which ",
                             "did not fail"));
    }
  } else if (const auto* unconfirmed = std::get_if<KeyUnconfirmed>(&event)) {
    if ((key_records_[unconfirmed->key].ends & 2) == 0) {
      Violation(absl::StrCat(AgentName(number).text(), " has no key ",
                             unconfirmed->key.Hex(), " to drop"));
    }
  } else if (std::holds_alternative<LaneRolledBack>(event)) {
    ++lane_rollbacks_;
  }
}

void Simulation::OnKeys(int number, const KeysEstablished& established) {
  if (established.initiator) {
    fresh_[{number, NumberOf(established.peer)}] +=
        static_cast<int>(established.keys.size());
  }
  for (const Key& key : established.keys) {
    ++keys_;
    CheckSource(number, established, key.terms->source);
    const std::string bytes(AsText(key.bytes.view()));
    const int end = established.initiator ? 1 : 2;
    KeyRecord& record = key_records_[key.id];
    if (record.ends & end) {
      Violation(absl::StrCat("key ", key.id.Hex(), " came twice at one end"));
    } else if (record.ends != 0 && record.bytes != bytes) {
      Violation(absl::StrCat("key ", key.id.Hex(), " differs at its ends"));
    } else if (record.ends == 0 && end == 1 &&
               key.terms->source != KeySource::kDske) {
      Violation(absl::StrCat("key ", key.id.Hex(), " is not at the responder"));
    }
    record.ends |= end;
    record.bytes = bytes;
  }
}

void Simulation::CheckSource(int number, const KeysEstablished& established,
                             KeySource source) {
  mixed_keys_ += source == KeySource::kBoth;
  unmediated_keys_ += source == KeySource::kUnmediated;
  if (MayHave(number, established, source)) return;
  Violation(absl::StrCat(AgentName(number).text(), " has a key with ",
                         established.peer.text(), " of source ",
                         KeySourceName(source)));
}

bool Simulation::MayHave(int number, const KeysEstablished& established,
                         KeySource source) const {
  const Agent& agent = agents_[static_cast<size_t>(number)];
  const auto lanes = agent.lanes.find(NumberOf(established.peer));
  if (lanes == agent.lanes.end()) return source == KeySource::kDske;
  const LaneUse use = lanes->second.use;
  if (source == KeySource::kBoth) return use != LaneUse::kAlone;
  if (source == KeySource::kDske || use == LaneUse::kMixed) return false;
  if (use == LaneUse::kAlone) return true;
  // In the end hubs do not fail, unless too many of them lie.
  const bool may_fail =
      !settled_ || options_.liars > options_.hubs - options_.threshold;
  return may_fail && (!established.initiator ||
                      agent.hubs_failed.contains(established.peer));
}

void Simulation::CheckLanes(int number) {
  const Agent& agent = agents_[static_cast<size_t>(number)];
  for (const auto& [other, end] : agent.lanes) {
    const PairLanes& lanes = *agent.node->lanes(AgentName(other));
    if (lanes.initiator().outstanding() > kMostTentative ||
        lanes.responder().tentative() > kMostTentative ||
        lanes.responder().fresh_keys() > LaneResponder::kMostFreshKeys ||
        lanes.dske_keys() > PairLanes::kMostDskeKeys) {
      Violation(absl::StrCat(AgentName(number).text(), " has with agent ",
                             other, " ", lanes.initiator().outstanding(),
                             " runs, ", lanes.responder().tentative(),
                             " tentative keys, ",
                             lanes.responder().fresh_keys(), " + ",
                             lanes.dske_keys(), " keys of DSKE"));
    }
  }
}

void Simulation::NoteAnswer(int number, const std::string& answer) {
  const absl::StatusOr<M2Message> m2 = M2Message::Parse(AsBytes(answer));
  if (!m2.ok()) return;  // a STALE
  const auto [noted, is_first] =
      lane_answers_.emplace(std::pair(m2->lane, m2->index), answer);
  if (is_first || noted->second == answer) return;
  Violation(absl::StrCat("agent ", number, " answers leaf ", m2->index,
                         " of lane ", m2->lane.Hex(), " twice"));
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
