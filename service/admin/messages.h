#ifndef SERVICE_ADMIN_MESSAGES_H_
#define SERVICE_ADMIN_MESSAGES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "grpcpp/support/status.h"
#include "service/admin/control.h"
#include "service/api/admin.pb.h"

// The views of the control interfaces as messages of the admin API: what
// service/api/admin.proto says, field by field.

namespace service {

skex::admin::v1::AgentStatus ToMessage(const AgentView& view);
skex::admin::v1::Peer ToMessage(const PeerView& view);
skex::admin::v1::Key ToMessage(const KeyView& view);
skex::admin::v1::HubStatus ToMessage(const HubStatusView& view);
skex::admin::v1::EnrolledAgent ToMessage(const EnrolledAgentView& view);

// `duration`, cut to the 10,000 years that the message can hold.
google::protobuf::Duration ToMessage(absl::Duration duration);

// The same code and text. absl and gRPC number the codes alike.
grpc::Status ToGrpc(const absl::Status& status);

// The answer to a Reload, of either service.
grpc::Status Answer(const absl::StatusOr<std::string>& reloaded,
                    skex::admin::v1::ReloadResponse* response);

}  // namespace service

#endif  // SERVICE_ADMIN_MESSAGES_H_
