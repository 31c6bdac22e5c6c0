#ifndef SERVICE_CONFIG_PEER_READER_H_
#define SERVICE_CONFIG_PEER_READER_H_

#include <string>
#include <vector>

#include "service/config/agent_config.h"
#include "service/config/strict_toml.h"
#include "skex/base/ids.h"

namespace service {

// Reads the [[peer]] tables of the agent's file at `path` and checks each
// policy against the hubs that the file knows. Errors go to the document. An
// address that a peer with lanes does not have may follow from its tunnels.
std::vector<PeerEntry> ReadPeers(const TomlTable& root, const std::string& path,
                                 const skex::AgentId& self,
                                 const std::vector<HubEntry>& hubs);

}  // namespace service

#endif  // SERVICE_CONFIG_PEER_READER_H_
