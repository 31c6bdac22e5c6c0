#include "service/metrics/families.h"

#include "absl/strings/ascii.h"

namespace service {

FamilyOfViews::FamilyOfViews(std::string name, std::string help,
                             prometheus::MetricType type) {
  family_.name = std::move(name);
  family_.help = std::move(help);
  family_.type = type;
}

FamilyOfViews& FamilyOfViews::Add(const MetricLabels& labels, double value) {
  prometheus::ClientMetric metric;
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  if (family_.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family_.metric.push_back(std::move(metric));
  return *this;
}

void FamilyOfViews::AppendTo(std::vector<prometheus::MetricFamily>& families) {
  families.push_back(std::move(family_));
}

PadFamilies::PadFamilies(std::string owner)
    : owner_(std::move(owner)),
      remaining_(
          FamilyOfViews::Gauge("skex_pad_bytes_remaining",
                               "Bytes of the pads that are not used yet.")),
      wasted_(FamilyOfViews::Gauge("skex_pad_bytes_wasted",
                                   "Bytes of pads given up without use.")),
      left_(FamilyOfViews::Gauge(
          "skex_pad_left_ratio",
          "What is left of the pads' stream that ends first, 0 to 1.")),
      time_left_(FamilyOfViews::Gauge(
          "skex_pad_time_left_seconds",
          "How long the pads will do at the pace of the last day.")),
      syncs_(FamilyOfViews::Counter("skex_pad_syncs_total",
                                    "Waits for the medium of the pads.")),
      pads_(FamilyOfViews::Gauge("skex_pads", "Pads that are in use.")) {}

void PadFamilies::Add(const std::string& name, const PadSupplyView& supply) {
  const auto add = [&](const char* direction, const char* stream,
                       uint64_t PadView::*bytes) {
    uint64_t sum = 0;
    for (const PadView& pad : supply.pads) sum += pad.*bytes;
    remaining_.Add(
        {{owner_, name}, {"direction", direction}, {"stream", stream}},
        static_cast<double>(sum));
  };
  add("send", "mac", &PadView::send_mac_bytes);
  add("send", "otp", &PadView::send_otp_bytes);
  add("receive", "mac", &PadView::receive_mac_bytes);
  add("receive", "otp", &PadView::receive_otp_bytes);
  wasted_.Add({{owner_, name}}, static_cast<double>(supply.wasted_bytes));
  left_.Add({{owner_, name}}, supply.left);
  if (supply.time_left != absl::InfiniteDuration()) {
    time_left_.Add({{owner_, name}}, absl::ToDoubleSeconds(supply.time_left));
  }
  syncs_.Add({{owner_, name}}, static_cast<double>(supply.syncs));
  pads_.Add({{owner_, name}}, static_cast<double>(supply.pads.size()));
}

void PadFamilies::AppendTo(std::vector<prometheus::MetricFamily>& families) {
  for (FamilyOfViews* family :
       {&remaining_, &wasted_, &left_, &time_left_, &syncs_, &pads_}) {
    family->AppendTo(families);
  }
}

std::string ResultLabel(absl::StatusCode code) {
  return absl::AsciiStrToLower(absl::StatusCodeToString(code));
}

std::string RejectReasonLabel(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return "malformed";
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnauthenticated:
      return "authentication";
    case absl::StatusCode::kAlreadyExists:
      return "replay";
    case absl::StatusCode::kNotFound:
      return "unknown";
    case absl::StatusCode::kPermissionDenied:
      return "not_allowed";
    case absl::StatusCode::kResourceExhausted:
      return "exhausted";
    default:
      return "other";
  }
}

}  // namespace service
