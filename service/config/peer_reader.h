#ifndef SERVICE_CONFIG_PEER_READER_H_
#define SERVICE_CONFIG_PEER_READER_H_

#include <string>

#include "service/config/agent_config.h"
#include "service/config/strict_toml.h"

namespace service {

// Reads the [[peer]] tables of a document into `config`, behind those that it
// has, and checks each policy against its hubs. `path` is that of the agent's
// file. Errors go to the document. An address that a peer with lanes does not
// have may follow from its tunnels.
void ReadPeers(const TomlTable& root, const std::string& path,
               AgentConfig& config);

}  // namespace service

#endif  // SERVICE_CONFIG_PEER_READER_H_
