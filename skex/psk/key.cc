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

absl::string_view KeySourceName(KeySource) { return "dske"; }

absl::string_view KeyLabelName(KeyLabel label) {
  return label == KeyLabel::kInformationTheoretic ? "information-theoretic"
                                                  : "computational";
}

}  // namespace skex
