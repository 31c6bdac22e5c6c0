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

void AddPadRemaining(const std::string& owner_label, const std::string& owner,
                     const PadView& pad, FamilyOfViews& family) {
  auto add = [&](const char* direction, const char* stream, uint64_t bytes) {
    family.Add(
        {{owner_label, owner}, {"direction", direction}, {"stream", stream}},
        static_cast<double>(bytes));
  };
  add("send", "mac", pad.send_mac_bytes);
  add("send", "otp", pad.send_otp_bytes);
  add("receive", "mac", pad.receive_mac_bytes);
  add("receive", "otp", pad.receive_otp_bytes);
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
