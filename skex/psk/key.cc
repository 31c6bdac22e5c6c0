#include "skex/psk/key.h"

#include "absl/strings/str_cat.h"

namespace skex {

absl::string_view FreshnessName(Freshness freshness) {
  switch (freshness) {
    case Freshness::kDerived:
      return "derived";
    case Freshness::kExchange:
      return "exchange";
    case Freshness::kDelivery:
      return "delivery";
  }
  return "unknown";
}

absl::Status CheckKeyPolicy(Freshness freshness, uint16_t bytes,
                            absl::Duration lifetime, uint32_t use_limit) {
  if (!IsKeySize(bytes, freshness)) {
    return absl::InvalidArgumentError(
        absl::StrCat("keys of ", bytes, " bytes; want a multiple of 16 from ",
                     kLeastKeyBytes, " to ", MostKeyBytes(freshness),
                     " with freshness ", FreshnessName(freshness)));
  }
  if (use_limit < 1 || use_limit > kMostUses) {
    return absl::InvalidArgumentError(
        absl::StrCat("use limit ", use_limit, "; want 1 to ", kMostUses));
  }
  if (lifetime < absl::Seconds(1) || lifetime > absl::Hours(24 * 365)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key lifetime ", absl::FormatDuration(lifetime), "; want 1s to 8760h"));
  }
  return absl::OkStatus();
}

absl::string_view KeySourceName(KeySource source) {
  switch (source) {
    case KeySource::kDske:
      return "dske";
    case KeySource::kUnmediated:
      return "unmediated";
    case KeySource::kBoth:
      return "both";
  }
  return "unknown";
}

absl::string_view KeyLabelName(KeyLabel label) {
  return label == KeyLabel::kInformationTheoretic ? "information-theoretic"
                                                  : "computational";
}

}  // namespace skex
