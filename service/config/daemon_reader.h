#ifndef SERVICE_CONFIG_DAEMON_READER_H_
#define SERVICE_CONFIG_DAEMON_READER_H_

#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "service/config/daemon_config.h"
#include "service/config/endpoint.h"
#include "service/config/strict_toml.h"

namespace service {

// Reads what both daemons know out of the top of their file at `path`:
// state_dir, [admin], [metrics], [log] and [audit]. Errors go to the document.
DaemonConfig ReadDaemon(const TomlTable& root, const std::string& path);

// What an address is for, which decides about what may stand there.
struct EndpointRules {
  bool port_zero = false;  // to listen on a port that the system chooses
  bool unix_socket = false;
};

// The required address `key` of `table` in the file `path`; the path of a Unix
// socket becomes relative to the file's folder. None after an error.
std::optional<Endpoint> ReadEndpoint(const TomlTable& table,
                                     absl::string_view key,
                                     absl::string_view example,
                                     const std::string& path,
                                     const EndpointRules& rules);

}  // namespace service

#endif  // SERVICE_CONFIG_DAEMON_READER_H_
