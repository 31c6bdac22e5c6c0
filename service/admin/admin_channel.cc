#include "service/admin/admin_channel.h"

#include "grpcpp/create_channel_posix.h"
#include "service/admin/unix_socket.h"

namespace service {

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenAdminChannel(
    absl::string_view path) {
  absl::StatusOr<UnixFd> connection = ConnectUnix(path);
  if (!connection.ok()) return connection.status();
  return grpc::CreateInsecureChannelFromFd("admin", connection->Release());
}

}  // namespace service
