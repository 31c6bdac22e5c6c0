#ifndef SERVICE_APP_STATUS_LOG_H_
#define SERVICE_APP_STATUS_LOG_H_

#include "service/admin/control.h"
#include "service/log/log.h"

namespace service {

// Write how a daemon is doing to its log, as info: what `skexctl status` and
// `skexctl peers` or `agents` show, one line for the daemon and one for each
// hub, peer and tunnel, or each agent. For whoever has the log and no access to
// the admin socket.

void LogStatus(const AgentView& agent, Log& log);
void LogStatus(const HubStatusView& hub, Log& log);

}  // namespace service

#endif  // SERVICE_APP_STATUS_LOG_H_
