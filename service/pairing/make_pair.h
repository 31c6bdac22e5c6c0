#ifndef SERVICE_PAIRING_MAKE_PAIR_H_
#define SERVICE_PAIRING_MAKE_PAIR_H_

#include <string>

#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"

namespace service {

struct PairRequest {
  skex::AgentId agent_a;
  skex::AgentId agent_b;
  std::string out_a;  // where the credential of agent_a goes
  std::string out_b;
};

// Makes the credentials of a new pair, mode 0600 and durable, from 32 bytes of
// `entropy`. Returns their fingerprint. Never overwrites: ALREADY_EXISTS if
// there is a file at either path; INVALID_ARGUMENT if the agents or the paths
// are not two; FAILED_PRECONDITION if another process is making one of these
// files; else the file system's errors. After an error neither is there, unless
// the disk fails for that too. Of what a killed run left behind, hidden files
// are cleared away by the next one for the same paths; one whole credential may
// be there alone.
absl::StatusOr<std::string> MakePair(FileSystem& files,
                                     const PairRequest& request,
                                     skex::Entropy& entropy);

}  // namespace service

#endif  // SERVICE_PAIRING_MAKE_PAIR_H_
