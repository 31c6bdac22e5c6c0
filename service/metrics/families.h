#ifndef SERVICE_METRICS_FAMILIES_H_
#define SERVICE_METRICS_FAMILIES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "prometheus/metric_family.h"
#include "prometheus/metric_type.h"
#include "service/admin/control.h"

// What the metrics of agents and hubs have in common.

namespace service {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Builds one family of values that are views: taken at every scrape from what
// the daemon knows anyhow.
class FamilyOfViews {
 public:
  static FamilyOfViews Gauge(std::string name, std::string help) {
    return FamilyOfViews(std::move(name), std::move(help),
                         prometheus::MetricType::Gauge);
  }
  static FamilyOfViews Counter(std::string name, std::string help) {
    return FamilyOfViews(std::move(name), std::move(help),
                         prometheus::MetricType::Counter);
  }

  FamilyOfViews& Add(const MetricLabels& labels, double value);

  // Moves the family behind `families`; it is used up.
  void AppendTo(std::vector<prometheus::MetricFamily>& families);

 private:
  FamilyOfViews(std::string name, std::string help,
                prometheus::MetricType type);

  prometheus::MetricFamily family_;
};

// The families of a daemon's pads, whose other ends are named by the label
// `owner`, "hub" or "agent":
//
//   skex_pad_bytes_remaining{owner,direction,stream}  gauge
//   skex_pad_bytes_wasted{owner}                      gauge
//   skex_pad_left_ratio{owner}                        gauge
//   skex_pad_time_left_seconds{owner}                 gauge; if it is known
//   skex_pad_syncs_total{owner}                       counter
//   skex_pads{owner}                                  gauge
class PadFamilies {
 public:
  explicit PadFamilies(std::string owner);

  void Add(const std::string& name, const PadSupplyView& supply);
  // As FamilyOfViews::AppendTo().
  void AppendTo(std::vector<prometheus::MetricFamily>& families);

 private:
  const std::string owner_;
  FamilyOfViews remaining_;
  FamilyOfViews wasted_;
  FamilyOfViews left_;
  FamilyOfViews time_left_;
  FamilyOfViews syncs_;
  FamilyOfViews pads_;
};

// The name of a result in labels: "ok", "unavailable", "not_found", ...
std::string ResultLabel(absl::StatusCode code);

// Why a message was not taken, in labels: "malformed" (INVALID_ARGUMENT),
// "authentication" (DATA_LOSS, UNAUTHENTICATED), "replay" (ALREADY_EXISTS),
// "unknown" (NOT_FOUND), "not_allowed" (PERMISSION_DENIED), "exhausted"
// (RESOURCE_EXHAUSTED), "other".
std::string RejectReasonLabel(absl::StatusCode code);

}  // namespace service

#endif  // SERVICE_METRICS_FAMILIES_H_
