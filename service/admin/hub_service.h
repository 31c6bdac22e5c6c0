#ifndef SERVICE_ADMIN_HUB_SERVICE_H_
#define SERVICE_ADMIN_HUB_SERVICE_H_

#include "grpcpp/server_context.h"
#include "service/admin/control.h"
#include "service/api/admin.grpc.pb.h"

namespace service {

// The HubAdmin service over a HubControl. Thread-safe.
class HubService final : public skex::admin::v1::HubAdmin::Service {
 public:
  // `control` must outlive the service.
  explicit HubService(HubControl& control) : control_(control) {}

  grpc::Status GetStatus(grpc::ServerContext* context,
                         const skex::admin::v1::GetHubStatusRequest* request,
                         skex::admin::v1::HubStatus* response) override;
  grpc::Status ListAgents(
      grpc::ServerContext* context,
      const skex::admin::v1::ListAgentsRequest* request,
      skex::admin::v1::ListAgentsResponse* response) override;
  grpc::Status Reload(grpc::ServerContext* context,
                      const skex::admin::v1::ReloadRequest* request,
                      skex::admin::v1::ReloadResponse* response) override;

 private:
  HubControl& control_;
};

}  // namespace service

#endif  // SERVICE_ADMIN_HUB_SERVICE_H_
