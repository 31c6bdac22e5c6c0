#ifndef SERVICE_PAIRING_IMPORT_PAIR_H_
#define SERVICE_PAIRING_IMPORT_PAIR_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"

namespace service {

struct ImportRequest {
  skex::AgentId self;
  std::string state_dir;  // the agent's; made if missing
  std::string credential;
};

struct Imported {
  skex::AgentId peer;
  std::string fingerprint;
  skex::LaneId outgoing;
  skex::LaneId incoming;
  // The lanes were there already, from this credential: only its erasure was
  // left to do.
  bool completed = false;
};

// Splits a credential's root into the two lanes with its peer, makes them
// durable in the state folder, then overwrites and removes the credential. An
// import that was interrupted is cleared away or completed by the next one with
// the same path; if all that was left to do is to erase bytes that had been
// imported, there is no result but nullopt.
//
// Errors, with no lanes added unless said otherwise: those of ReadCredential();
// ALREADY_EXISTS if the agent has lanes with the peer that are not of this
// credential; FAILED_PRECONDITION if another process is importing for that
// peer; PERMISSION_DENIED and INVALID_ARGUMENT for the state folder, see
// EnsurePrivateFolder(); the file system's. If it is the erasure that failed
// the text says so: the lanes are there, and the import has to be repeated.
absl::StatusOr<std::optional<Imported>> ImportPair(
    FileSystem& files, const ImportRequest& request);

}  // namespace service

#endif  // SERVICE_PAIRING_IMPORT_PAIR_H_
