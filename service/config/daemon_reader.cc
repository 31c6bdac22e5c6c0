#include "service/config/daemon_reader.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace service {
namespace {

// Where the operator's tools find the daemon.
std::string ReadAdminSocket(const TomlTable& root, const std::string& path,
                            const std::string& state_dir) {
  const TomlTable admin = root.Table("admin", {"socket"});
  const bool given = admin.Has("socket");
  const std::string socket =
      given ? ResolvePath(path, admin.String("socket", "", "admin.sock"))
            : absl::StrCat(state_dir, "/admin.sock");
  if (socket.size() > kMaxUnixPathSize) {
    const std::string message =
        absl::StrCat("the path of the admin socket has ", socket.size(),
                     " bytes, at most ", kMaxUnixPathSize,
                     " are possible; set socket in [admin] to a shorter path");
    if (given) {
      admin.FailAt("socket", message);
    } else {
      root.FailAt("state_dir", message);
    }
  }
  return socket;
}

}  // namespace

DaemonConfig ReadDaemon(const TomlTable& root, const std::string& path) {
  DaemonConfig config;
  config.file = path;
  config.state_dir =
      ResolvePath(path, root.RequiredString("state_dir", "state"));
  config.admin_socket = ReadAdminSocket(root, path, config.state_dir);

  const TomlTable metrics = root.Table("metrics", {"listen"});
  if (root.Has("metrics")) {
    config.metrics_listen = ReadEndpoint(metrics, "listen", "127.0.0.1:9464",
                                         path, {.port_zero = true});
  }

  const TomlTable log = root.Table("log", {"level", "format"});
  config.log_level = log.Choice("level", LogLevel::kInfo,
                                {{"debug", LogLevel::kDebug},
                                 {"info", LogLevel::kInfo},
                                 {"warning", LogLevel::kWarning},
                                 {"error", LogLevel::kError},
                                 {"off", LogLevel::kOff}});
  config.log_format =
      log.Choice("format", LogFormat::kText,
                 {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});

  const TomlTable audit = root.Table("audit", {"pad_log"});
  if (audit.Has("pad_log")) {
    config.pad_log =
        ResolvePath(path, audit.String("pad_log", "", "pad-use.log"));
  }
  return config;
}

std::optional<Endpoint> ReadEndpoint(const TomlTable& table,
                                     absl::string_view key,
                                     absl::string_view example,
                                     const std::string& path,
                                     const EndpointRules& rules) {
  std::optional<Endpoint> endpoint =
      table.Parsed<Endpoint>(key, example, &Endpoint::Parse);
  if (!endpoint.has_value()) return endpoint;
  if (endpoint->kind == Endpoint::Kind::kUnix) {
    endpoint->path = ResolvePath(path, endpoint->path);
    if (!rules.unix_socket) {
      table.FailAt(key, absl::StrCat("'", key,
                                     "' cannot be a Unix socket; "
                                     "write for example ",
                                     key, " = \"", example, "\""));
    } else if (endpoint->path.size() > kMaxUnixPathSize) {
      table.FailAt(key, absl::StrCat("the path of the Unix socket has ",
                                     endpoint->path.size(),
                                     " bytes; choose one of at most ",
                                     kMaxUnixPathSize));
    }
  } else if (endpoint->port == 0 && !rules.port_zero) {
    table.FailAt(key, absl::StrCat("'", key,
                                   "' has port 0, to which nobody can connect; "
                                   "give the port of the other end"));
  }
  return endpoint;
}

}  // namespace service
