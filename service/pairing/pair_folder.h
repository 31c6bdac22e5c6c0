#ifndef SERVICE_PAIRING_PAIR_FOLDER_H_
#define SERVICE_PAIRING_PAIR_FOLDER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"

namespace service {

// An agent keeps its lanes with one peer in a folder of its state folder,
// STATE_DIR/peers/<peer>/: the lane files `outgoing`, on which it initiates,
// and `incoming`, on which the peer does. The folder appears and vanishes by a
// rename, so both lanes are there or none. Beside it, .<peer>.partial is an
// import and .<peer>.revoked a revocation that is under way or interrupted.

// The paths, whether they are there or not.
std::string PeersFolder(const std::string& state_dir);
std::string PairFolder(const std::string& state_dir, const skex::AgentId& peer);
std::string OutgoingLanePath(const std::string& folder);
std::string IncomingLanePath(const std::string& folder);

// Locks all files of a folder, as long as the result lives; none if there is no
// folder. FAILED_PRECONDITION if another process holds one of them, else the
// file system's errors.
absl::StatusOr<std::vector<std::unique_ptr<File>>> LockFolder(
    FileSystem& files, const std::string& folder);

}  // namespace service

#endif  // SERVICE_PAIRING_PAIR_FOLDER_H_
