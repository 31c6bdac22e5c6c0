#ifndef SERVICE_CTL_TOP_FIGURES_JSON_H_
#define SERVICE_CTL_TOP_FIGURES_JSON_H_

#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "service/ctl/top/figures.h"

namespace service {

// What `status --json` has, of a hub with the "agents" of `agents --json`; with
// the "time" in UTC, and the "interval" in seconds. Each peer, tunnel and agent
// has its "rates" as well. Intervals and rates that are not known are null.
nlohmann::ordered_json FiguresJson(const Figures& figures, absl::Time time);

}  // namespace service

#endif  // SERVICE_CTL_TOP_FIGURES_JSON_H_
