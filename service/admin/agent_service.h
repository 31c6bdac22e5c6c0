#ifndef SERVICE_ADMIN_AGENT_SERVICE_H_
#define SERVICE_ADMIN_AGENT_SERVICE_H_

#include "grpcpp/server_context.h"
#include "service/admin/control.h"
#include "service/api/admin.grpc.pb.h"

namespace service {

// The AgentAdmin service over an AgentControl. Thread-safe.
class AgentService final : public skex::admin::v1::AgentAdmin::Service {
 public:
  // `control` must outlive the service.
  explicit AgentService(AgentControl& control) : control_(control) {}

  grpc::Status GetStatus(grpc::ServerContext* context,
                         const skex::admin::v1::GetAgentStatusRequest* request,
                         skex::admin::v1::AgentStatus* response) override;
  grpc::Status ListPeers(grpc::ServerContext* context,
                         const skex::admin::v1::ListPeersRequest* request,
                         skex::admin::v1::ListPeersResponse* response) override;
  grpc::Status ListKeys(grpc::ServerContext* context,
                        const skex::admin::v1::ListKeysRequest* request,
                        skex::admin::v1::ListKeysResponse* response) override;
  grpc::Status EstablishKey(
      grpc::ServerContext* context,
      const skex::admin::v1::EstablishKeyRequest* request,
      skex::admin::v1::EstablishKeyResponse* response) override;
  grpc::Status RotateKey(grpc::ServerContext* context,
                         const skex::admin::v1::RotateKeyRequest* request,
                         skex::admin::v1::RotateKeyResponse* response) override;
  grpc::Status AllowJump(grpc::ServerContext* context,
                         const skex::admin::v1::AllowJumpRequest* request,
                         skex::admin::v1::AllowJumpResponse* response) override;
  grpc::Status Reload(grpc::ServerContext* context,
                      const skex::admin::v1::ReloadRequest* request,
                      skex::admin::v1::ReloadResponse* response) override;
  grpc::Status AddTables(grpc::ServerContext* context,
                         const skex::admin::v1::AddTablesRequest* request,
                         skex::admin::v1::ReloadResponse* response) override;
  grpc::Status RemovePeer(grpc::ServerContext* context,
                          const skex::admin::v1::RemoveRequest* request,
                          skex::admin::v1::ReloadResponse* response) override;
  grpc::Status RemoveTunnel(grpc::ServerContext* context,
                            const skex::admin::v1::RemoveRequest* request,
                            skex::admin::v1::ReloadResponse* response) override;

 private:
  AgentControl& control_;
};

}  // namespace service

#endif  // SERVICE_ADMIN_AGENT_SERVICE_H_
