#ifndef SERVICE_ADMIN_CALL_DEADLINE_H_
#define SERVICE_ADMIN_CALL_DEADLINE_H_

#include "absl/time/time.h"
#include "grpcpp/server_context.h"

namespace service {

// Until when a call may wait for what it is asked for, so that its answer,
// which says why there is nothing, arrives before the caller gives up by its
// own clock. Infinite if the caller waits for ever.
absl::Time AnswerBy(const grpc::ServerContext& context);

}  // namespace service

#endif  // SERVICE_ADMIN_CALL_DEADLINE_H_
