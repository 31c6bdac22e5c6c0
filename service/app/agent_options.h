#ifndef SERVICE_APP_AGENT_OPTIONS_H_
#define SERVICE_APP_AGENT_OPTIONS_H_

#include "service/config/agent_config.h"
#include "service/metrics/agent_metrics.h"
#include "service/sidecar/options.h"
#include "tlsbridge/session.h"

namespace service {

// What the parts of an agent are told, from its configuration.

tlsbridge::Policy TlsPolicyOf(const TlsConfig& config);
SidecarOptions SidecarOptionsOf(const AgentConfig& config);
AgentMetrics::Names MetricNamesOf(const AgentConfig& config);

}  // namespace service

#endif  // SERVICE_APP_AGENT_OPTIONS_H_
