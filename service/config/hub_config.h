#ifndef SERVICE_CONFIG_HUB_CONFIG_H_
#define SERVICE_CONFIG_HUB_CONFIG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/config/daemon_config.h"
#include "service/config/endpoint.h"
#include "skex/base/ids.h"

namespace service {

struct HubLimits {
  uint32_t exchanges = 4096;  // under way at a time
  // How long a share waits for its responder.
  absl::Duration share_wait = absl::Seconds(30);
};

// The configuration of a hub, as docs/operations.md describes the file. Which
// agents are enrolled is state, not configuration: see enrolment.h.
struct HubConfig {
  skex::HubId name;
  Endpoint listen;  // TCP
  DaemonConfig daemon;
  HubLimits limits;
};

// As LoadAgentConfig().
absl::StatusOr<HubConfig> LoadHubConfig(const std::string& path);

}  // namespace service

#endif  // SERVICE_CONFIG_HUB_CONFIG_H_
