#include "skex/psk/key.h"

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
