#ifndef SERVICE_CONFIG_MANAGED_TABLES_H_
#define SERVICE_CONFIG_MANAGED_TABLES_H_

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/storage/file_system.h"

namespace service {

// Where an agent with this state folder keeps the tables that were added at run
// time.
std::string ManagedTablesPath(const std::string& state_dir);
inline constexpr size_t kMaxManagedTablesSize = 1 << 20;
// The text of that file; empty if there is none. Errors as ReadSmallFile().
absl::StatusOr<std::string> ReadManagedTables(FileSystem& files,
                                              const std::string& path);

// ManagedTables is the part of an agent's configuration that changes at run
// time: [[peer]], [[outbound]] and [[inbound]] tables, as they stand in its
// file. What is in a table is for the readers of the configuration to check;
// here it only has a name.
//
// Thread-compatible.
class ManagedTables {
 public:
  // Reads `text`. Returns INVALID_ARGUMENT, with `label` and the place, if it
  // is not TOML, has anything but such tables, one without a name, or two of
  // one name.
  static absl::StatusOr<ManagedTables> Parse(const std::string& label,
                                             absl::string_view text);

  // Takes the tables of `more` in, in the place of those that have the same
  // name if `replace`. Returns ALREADY_EXISTS, with nothing changed, if there
  // are some and not `replace`.
  absl::Status Add(const ManagedTables& more, bool replace);

  // Removes the peer, or the tunnel of either kind. NOT_FOUND if it is not
  // here.
  absl::Status RemovePeer(const std::string& name);
  absl::Status RemoveTunnel(const std::string& name);

  // Leaves those out that have the same name as one of `others`.
  void Subtract(const ManagedTables& others);

  // As a file, which Parse() reads.
  std::string ToText() const;

 private:
  // Peers and tunnels have names of their own.
  enum class Kind { kPeer, kTunnel };
  using Key = std::pair<Kind, std::string>;

  absl::Status Remove(const Key& key, absl::string_view what);

  std::map<Key, std::string> tables_;  // each with its head
};

}  // namespace service

#endif  // SERVICE_CONFIG_MANAGED_TABLES_H_
