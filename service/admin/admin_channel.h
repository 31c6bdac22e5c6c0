#ifndef SERVICE_ADMIN_ADMIN_CHANNEL_H_
#define SERVICE_ADMIN_ADMIN_CHANNEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/channel.h"

namespace service {

// A gRPC channel over one connection to the admin socket at `path`. It does
// not connect again. Returns the errors of ConnectUnix(): a missing daemon is
// known before the first call.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenAdminChannel(
    absl::string_view path);

}  // namespace service

#endif  // SERVICE_ADMIN_ADMIN_CHANNEL_H_
