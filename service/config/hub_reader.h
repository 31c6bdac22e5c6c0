#ifndef SERVICE_CONFIG_HUB_READER_H_
#define SERVICE_CONFIG_HUB_READER_H_

#include <string>
#include <vector>

#include "service/config/agent_config.h"
#include "service/config/strict_toml.h"

namespace service {

// Reads the [[hub]] tables of the agent's file at `path`, and looks whether
// their pads are there. Errors go to the document.
std::vector<HubEntry> ReadHubs(const TomlTable& root, const std::string& path);

}  // namespace service

#endif  // SERVICE_CONFIG_HUB_READER_H_
