#ifndef SERVICE_AGENT_PEER_POLICIES_H_
#define SERVICE_AGENT_PEER_POLICIES_H_

#include "service/config/agent_config.h"
#include "skex/dske/policy.h"
#include "skex/keystore/keystore.h"

namespace service {

// What a [[peer]] of the configuration says to those who do the work.

// Of a peer that uses hubs; not checked.
skex::PeerPolicy DskePolicyOf(const PeerEntry& entry);

// `dials`: keys to dial it with are wanted.
skex::KeystorePolicy KeystorePolicyOf(const PeerEntry& entry, bool dials);

}  // namespace service

#endif  // SERVICE_AGENT_PEER_POLICIES_H_
