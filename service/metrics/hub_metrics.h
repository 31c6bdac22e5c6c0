#ifndef SERVICE_METRICS_HUB_METRICS_H_
#define SERVICE_METRICS_HUB_METRICS_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/registry.h"
#include "service/admin/control.h"

namespace service {

// The metrics of a hub; as AgentMetrics.
//
//   skex_build_info{version}                         gauge, 1
//   skex_hub_agents_connected                        gauge
//   skex_hub_exchanges_waiting                       gauge
//   skex_pad_...{agent}                              see PadFamilies
//   skex_hub_shares_total{result}                    counter
//   skex_messages_rejected_total{reason}             counter
//
// Labels are names of enrolled agents and words of closed sets. Thread-safe.
class HubMetrics : public prometheus::Collectable {
 public:
  // `snapshot` is called at every scrape, from any thread.
  explicit HubMetrics(std::function<HubStatusView()> snapshot);

  // A message was not taken, for a reason that `code` tells: see
  // RejectReasonLabel().
  void MessageRejected(absl::StatusCode code);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<HubStatusView()> snapshot_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& rejected_;
};

}  // namespace service

#endif  // SERVICE_METRICS_HUB_METRICS_H_
