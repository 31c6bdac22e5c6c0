#include "service/metrics/hub_metrics.h"

#include <utility>

#include "service/metrics/families.h"

namespace service {

using prometheus::MetricFamily;

HubMetrics::HubMetrics(std::function<HubStatusView()> snapshot)
    : snapshot_(std::move(snapshot)),
      rejected_(prometheus::BuildCounter()
                    .Name("skex_messages_rejected_total")
                    .Help("Messages that were not taken.")
                    .Register(registry_)) {}

void HubMetrics::MessageRejected(absl::StatusCode code) {
  rejected_.Add({{"reason", RejectReasonLabel(code)}}).Increment();
}

std::vector<MetricFamily> HubMetrics::Collect() const {
  std::vector<MetricFamily> families = registry_.Collect();
  const HubStatusView hub = snapshot_();
  int connected = 0;
  PadFamilies pads("agent");
  for (const EnrolledAgentView& agent : hub.agents) {
    if (agent.connected) ++connected;
    pads.Add(agent.name, agent.supply);
  }
  FamilyOfViews::Gauge("skex_build_info", "What is running; always 1.")
      .Add({{"version", hub.version}}, 1)
      .AppendTo(families);
  FamilyOfViews::Gauge("skex_hub_agents_connected",
                       "Enrolled agents that are connected.")
      .Add({}, connected)
      .AppendTo(families);
  FamilyOfViews::Gauge("skex_hub_exchanges_waiting",
                       "Exchanges with shares not yet acknowledged.")
      .Add({}, static_cast<double>(hub.exchanges_waiting))
      .AppendTo(families);
  auto shares = FamilyOfViews::Counter("skex_hub_shares_total",
                                       "Shares that agents sent, by result.");
  for (const auto& [result, count] : hub.shares) {
    shares.Add({{"result", result}}, static_cast<double>(count));
  }
  shares.AppendTo(families);
  pads.AppendTo(families);
  return families;
}

}  // namespace service
