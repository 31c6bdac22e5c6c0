#ifndef SERVICE_PAIRING_REVOKE_PAIR_H_
#define SERVICE_PAIRING_REVOKE_PAIR_H_

#include <string>

#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"

namespace service {

struct RevokedPair {
  // There were no lanes, but what an interrupted import or revocation had left:
  // it is erased now.
  bool only_completed = false;
};

// Overwrites and removes the lanes of `self` with `peer`. From the first moment
// nobody finds them under their name; what an interrupted revocation leaves is
// erased by the next one, or by the next import. Returns NOT_FOUND if there are
// none, FAILED_PRECONDITION if another process uses them: a commit of that one
// would put its secrets into blocks that nobody can overwrite any more. Else
// the file system's errors.
absl::StatusOr<RevokedPair> RevokePair(FileSystem& files,
                                       const std::string& state_dir,
                                       const skex::AgentId& self,
                                       const skex::AgentId& peer);

}  // namespace service

#endif  // SERVICE_PAIRING_REVOKE_PAIR_H_
