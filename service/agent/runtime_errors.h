#ifndef SERVICE_AGENT_RUNTIME_ERRORS_H_
#define SERVICE_AGENT_RUNTIME_ERRORS_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "skex/base/ids.h"

namespace service {

inline absl::Status Stopping() {
  return absl::UnavailableError("the agent is stopping");
}

inline absl::Status NoSuchPeer(const skex::AgentId& peer) {
  return absl::NotFoundError(absl::StrCat(
      peer.text(), " is not a configured peer; `skexctl peers` lists them"));
}

}  // namespace service

#endif  // SERVICE_AGENT_RUNTIME_ERRORS_H_
