#ifndef SERVICE_CONFIG_TUNNEL_READER_H_
#define SERVICE_CONFIG_TUNNEL_READER_H_

#include <string>

#include "service/config/agent_config.h"
#include "service/config/strict_toml.h"

namespace service {

// Reads the [[outbound]] and [[inbound]] tables of a document into `config`,
// behind those that it has; its peers are read already. `path` is that of the
// agent's file. Errors go to the document.
void ReadTunnels(const TomlTable& root, const std::string& path,
                 AgentConfig& config);

}  // namespace service

#endif  // SERVICE_CONFIG_TUNNEL_READER_H_
