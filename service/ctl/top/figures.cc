#include "service/ctl/top/figures.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "google/protobuf/repeated_ptr_field.h"
#include "service/ctl/online/message_text.h"

namespace service {
namespace {

namespace api = skex::admin::v1;
using google::protobuf::RepeatedPtrField;

template <typename Row>
struct Counter {
  const char* name;
  uint64_t (Row::*read)() const;
};

constexpr Counter<api::Peer> kPeerCounters[] = {
    {"exchanges_ok", &api::Peer::exchanges_ok},
    {"exchanges_failed", &api::Peer::exchanges_failed}};

constexpr Counter<api::Tunnel> kTunnelCounters[] = {
    {"connections_total", &api::Tunnel::connections_total},
    {"connections_failed", &api::Tunnel::connections_failed},
    {"handshakes_ok", &api::Tunnel::handshakes_ok},
    {"handshakes_refused", &api::Tunnel::handshakes_refused},
    {"handshakes_failed", &api::Tunnel::handshakes_failed},
    {"sent_bytes", &api::Tunnel::sent_bytes},
    {"received_bytes", &api::Tunnel::received_bytes}};

constexpr Counter<api::EnrolledAgent> kAgentCounters[] = {
    {"shares_relayed", &api::EnrolledAgent::shares_relayed},
    {"shares_refused", &api::EnrolledAgent::shares_refused}};

template <typename Row, size_t kCounters>
Rates RatesOf(const Row& before, const Row& now,
              const Counter<Row> (&counters)[kCounters],
              absl::Duration interval) {
  Rates rates;
  for (const Counter<Row>& counter : counters) {
    const uint64_t from = (before.*counter.read)();
    const uint64_t to = (now.*counter.read)();
    if (to < from) return {};
    rates[counter.name] =
        static_cast<double>(to - from) / absl::ToDoubleSeconds(interval);
  }
  return rates;
}

// Of every row of `now`, in its order.
template <typename Row, size_t kCounters>
std::vector<Rates> RatesOfAll(const RepeatedPtrField<Row>& before,
                              const RepeatedPtrField<Row>& now,
                              const Counter<Row> (&counters)[kCounters],
                              absl::Duration interval) {
  std::map<std::string, const Row*> known;
  if (interval > absl::ZeroDuration()) {
    for (const Row& row : before) known[row.name()] = &row;
  }
  std::vector<Rates> rates;
  for (const Row& row : now) {
    const auto found = known.find(row.name());
    rates.push_back(found == known.end()
                        ? Rates()
                        : RatesOf(*found->second, row, counters, interval));
  }
  return rates;
}

absl::Duration UptimeOf(const Sample& sample) {
  return std::visit(
      [](const auto& answer) { return FromMessage(answer.status.uptime()); },
      sample.answer);
}

absl::Duration IntervalOf(const Sample* before, const Sample& now) {
  if (before == nullptr || before->answer.index() != now.answer.index()) {
    return absl::ZeroDuration();
  }
  const absl::Duration interval = now.at - before->at;
  // Else the daemon was started in between, and counts from zero.
  return UptimeOf(now) >= interval ? interval : absl::ZeroDuration();
}

}  // namespace

Figures Compare(const Sample* before, Sample now) {
  Figures figures;
  figures.interval = IntervalOf(before, now);
  // With itself, at an interval of zero, nothing is compared.
  const Sample& from = figures.interval > absl::ZeroDuration() ? *before : now;
  if (const auto* agent = std::get_if<AgentSample>(&now.answer)) {
    const api::AgentStatus& old = std::get<AgentSample>(from.answer).status;
    figures.peers = RatesOfAll(old.peers(), agent->status.peers(),
                               kPeerCounters, figures.interval);
    figures.tunnels = RatesOfAll(old.tunnels(), agent->status.tunnels(),
                                 kTunnelCounters, figures.interval);
  } else {
    figures.agents =
        RatesOfAll(std::get<HubSample>(from.answer).agents.agents(),
                   std::get<HubSample>(now.answer).agents.agents(),
                   kAgentCounters, figures.interval);
  }
  figures.answer = std::move(now.answer);
  return figures;
}

}  // namespace service
