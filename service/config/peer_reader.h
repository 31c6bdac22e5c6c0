#ifndef SERVICE_CONFIG_PEER_READER_H_
#define SERVICE_CONFIG_PEER_READER_H_

#include <optional>
#include <vector>

#include "service/config/agent_config.h"
#include "service/config/strict_toml.h"
#include "skex/base/ids.h"

namespace service {

// Reads the [[peer]] tables of an agent's file and checks each policy against
// the hubs that the file knows. Errors go to the document.
std::vector<PeerEntry> ReadPeers(const TomlTable& root,
                                 const skex::AgentId& self,
                                 const std::vector<HubEntry>& hubs);

}  // namespace service

#endif  // SERVICE_CONFIG_PEER_READER_H_
