#include "service/admin/hub_service.h"

#include <string>

#include "service/admin/messages.h"

namespace service {

namespace api = skex::admin::v1;

grpc::Status HubService::GetStatus(grpc::ServerContext*,
                                   const api::GetHubStatusRequest*,
                                   api::HubStatus* response) {
  *response = ToMessage(control_.Status());
  return grpc::Status::OK;
}

grpc::Status HubService::ListAgents(grpc::ServerContext*,
                                    const api::ListAgentsRequest*,
                                    api::ListAgentsResponse* response) {
  for (const EnrolledAgentView& agent : control_.Status().agents) {
    *response->add_agents() = ToMessage(agent);
  }
  return grpc::Status::OK;
}

grpc::Status HubService::Reload(grpc::ServerContext*, const api::ReloadRequest*,
                                api::ReloadResponse* response) {
  return Answer(control_.Reload(), response);
}

}  // namespace service
