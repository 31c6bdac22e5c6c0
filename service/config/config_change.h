#ifndef SERVICE_CONFIG_CONFIG_CHANGE_H_
#define SERVICE_CONFIG_CONFIG_CHANGE_H_

#include <string>
#include <vector>

#include "service/config/agent_config.h"
#include "skex/base/ids.h"

namespace service {

// What a configuration, read again, changes of the one that an agent runs with.
// Tunnels and pads are compared where they are carried out.
struct ConfigChange {
  std::vector<skex::AgentId> removed;  // peers that are there no more
  std::vector<PeerEntry> added;
  // Peers with other terms: the keys that were established under the old ones
  // are of no use any more.
  std::vector<PeerEntry> replaced;
  // Peers of which only the pace of their keys is another, or whether a tunnel
  // leads to them: their keys stay.
  std::vector<PeerEntry> paced;
  // What takes a restart of the agent: names of tables and keys.
  std::vector<std::string> restart;
};

ConfigChange CompareConfigs(const AgentConfig& running,
                            const AgentConfig& read);

// Whether keys to dial `peer` with are wanted: a tunnel leads there, or
// applications take its keys.
bool Dials(const AgentConfig& config, const PeerEntry& peer);

}  // namespace service

#endif  // SERVICE_CONFIG_CONFIG_CHANGE_H_
