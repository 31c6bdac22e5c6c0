#ifndef SERVICE_CONFIG_MANAGED_CONFIG_H_
#define SERVICE_CONFIG_MANAGED_CONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/config/managed_tables.h"
#include "service/storage/file_system.h"

namespace service {

// ManagedConfig changes what was added to an agent's configuration at run time,
// on disk. Nothing is written before the configuration as a whole has proven to
// be right with it; after a crash at any time the old or the new one is there.
//
// Thread-compatible.
class ManagedConfig {
 public:
  // Of the agent with the configuration file `path`, in whose `state_dir` it
  // lies. `files` must outlive it.
  ManagedConfig(FileSystem* files, std::string path, std::string state_dir);

  // Adds the tables in `toml`; `replace`: those that were added under the same
  // name go. Returns INVALID_ARGUMENT with the place, in `toml` or in the
  // configuration, if something is wrong, ALREADY_EXISTS if one was added
  // before and not `replace`, and the file's errors.
  absl::Status Add(absl::string_view toml, bool replace);

  // Removes what was added. NOT_FOUND if it was not; INVALID_ARGUMENT if
  // something in the configuration still needs it; the file's errors.
  absl::Status RemovePeer(const std::string& name);
  absl::Status RemoveTunnel(const std::string& name);

  // Takes the last change that went well back.
  absl::Status Undo();

 private:
  absl::StatusOr<ManagedTables> Read() const;
  absl::Status Remove(absl::Status (ManagedTables::*remove)(const std::string&),
                      const std::string& name);
  // Puts `tables`, which are checked, in the place of `old`.
  absl::Status Write(ManagedTables old, const ManagedTables& tables);

  FileSystem* const files_;
  const std::string path_;
  const std::string managed_;
  ManagedTables before_;  // the last change
};

}  // namespace service

#endif  // SERVICE_CONFIG_MANAGED_CONFIG_H_
