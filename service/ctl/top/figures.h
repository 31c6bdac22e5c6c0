#ifndef SERVICE_CTL_TOP_FIGURES_H_
#define SERVICE_CTL_TOP_FIGURES_H_

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "service/api/admin.pb.h"

namespace service {

// What an agent answered when it was asked once.
struct AgentSample {
  skex::admin::v1::AgentStatus status;
};

// The same of a hub.
struct HubSample {
  skex::admin::v1::HubStatus status;
  skex::admin::v1::ListAgentsResponse agents;
};

struct Sample {
  absl::Duration at;  // MonotonicNow()
  std::variant<AgentSample, HubSample> answer;
};

// How much counters went up per second, by the names of their fields. Empty if
// that is not known.
using Rates = std::map<std::string, double>;

// A sample, and what has changed since the one before.
struct Figures {
  std::variant<AgentSample, HubSample> answer;
  // Since the sample before; zero if there is none with which this one can be
  // compared: the first, or the first since the daemon's start.
  absl::Duration interval;
  // Each in the order of the answer.
  std::vector<Rates> peers;    // of an agent
  std::vector<Rates> tunnels;  // of an agent
  std::vector<Rates> agents;   // of a hub
};

// Compares two samples of one daemon; `before` may be null. A counter that went
// down was set up anew, and what was not there before has no rates either.
Figures Compare(const Sample* before, Sample now);

}  // namespace service

#endif  // SERVICE_CTL_TOP_FIGURES_H_
