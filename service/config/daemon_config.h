#ifndef SERVICE_CONFIG_DAEMON_CONFIG_H_
#define SERVICE_CONFIG_DAEMON_CONFIG_H_

#include <optional>
#include <string>

#include "service/config/endpoint.h"
#include "service/log/log.h"

namespace service {

// What every daemon of this project is told. Paths are as they are opened:
// relative ones in the file were resolved against the file's folder.
struct DaemonConfig {
  std::string file;       // the configuration file itself
  std::string state_dir;  // made with mode 0700 if missing
  std::string admin_socket;
  std::optional<Endpoint> metrics_listen;  // none: no metrics
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::string pad_log;  // audit of pad bytes; empty: none
};

}  // namespace service

#endif  // SERVICE_CONFIG_DAEMON_CONFIG_H_
