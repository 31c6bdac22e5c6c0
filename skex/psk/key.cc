#include "skex/psk/key.h"

namespace skex {

absl::string_view FreshnessName(Freshness freshness) {
  return freshness == Freshness::kDerived ? "derived" : "exchange";
}

absl::string_view KeySourceName(KeySource) { return "dske"; }

absl::string_view KeyLabelName(KeyLabel label) {
  return label == KeyLabel::kInformationTheoretic ? "information-theoretic"
                                                  : "computational";
}

}  // namespace skex
