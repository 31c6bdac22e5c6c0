#include "service/ctl/online/online.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/client_context.h"
#include "service/api/admin.grpc.pb.h"
#include "service/ctl/complaint.h"
#include "service/ctl/exit_status.h"
#include "service/ctl/online/daemon.h"
#include "service/ctl/online/render.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

bool IsForAgents(OnlineVerb verb) { return verb != OnlineVerb::kAgents; }

bool IsForHubs(OnlineVerb verb) {
  return verb == OnlineVerb::kStatus || verb == OnlineVerb::kTop ||
         verb == OnlineVerb::kReload || !IsForAgents(verb);
}

// One call at a daemon.
class Call {
 public:
  Call(const OnlineRequest& request, std::ostream& out, std::ostream& err)
      : request_(request),
        out_(out),
        err_(err),
        daemon_(request.socket, request.hub, request.timeout) {}

  int Run() { return request_.hub ? CallHub() : CallAgent(); }

 private:
  int CallAgent() {
    using Stub = api::AgentAdmin::Stub;
    switch (request_.verb) {
      case OnlineVerb::kPeers:
        return Ask(&Stub::ListPeers, api::ListPeersRequest());
      case OnlineVerb::kKeys:
        return Ask(&Stub::ListKeys, WithPeer<api::ListKeysRequest>());
      case OnlineVerb::kEstablish:
        return Ask(&Stub::EstablishKey, WithPeer<api::EstablishKeyRequest>());
      case OnlineVerb::kRotate:
        return Ask(&Stub::RotateKey, WithPeer<api::RotateKeyRequest>());
      case OnlineVerb::kAllowJump:
        return Ask(&Stub::AllowJump, WithPeer<api::AllowJumpRequest>());
      case OnlineVerb::kReload:
        return Ask(&Stub::Reload, api::ReloadRequest());
      case OnlineVerb::kAdd: {
        api::AddTablesRequest request;
        request.set_toml(request_.tables);
        request.set_replace(request_.replace);
        return Ask(&Stub::AddTables, request);
      }
      case OnlineVerb::kRemovePeer:
        return Ask(&Stub::RemovePeer, Named());
      case OnlineVerb::kRemoveTunnel:
        return Ask(&Stub::RemoveTunnel, Named());
      default:
        return Ask(&Stub::GetStatus, api::GetAgentStatusRequest());
    }
  }

  int CallHub() {
    using Stub = api::HubAdmin::Stub;
    switch (request_.verb) {
      case OnlineVerb::kAgents:
        return Ask(&Stub::ListAgents, api::ListAgentsRequest());
      case OnlineVerb::kReload:
        return Ask(&Stub::Reload, api::ReloadRequest());
      default:
        return Ask(&Stub::GetStatus, api::GetHubStatusRequest());
    }
  }

  template <typename Request>
  Request WithPeer() {
    Request request;
    request.set_peer(request_.peer);
    return request;
  }

  api::RemoveRequest Named() {
    api::RemoveRequest request;
    request.set_name(request_.peer);
    return request;
  }

  template <typename Stub, typename Request, typename Response>
  int Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                       Response*),
          const Request& request) {
    const absl::StatusOr<Response> response = daemon_.Ask(method, request);
    if (!response.ok()) return Fail(response.status(), request_.json, err_);
    if (request_.json) {
      RenderJson(*response, out_);
    } else {
      Render(*response, out_);
    }
    return kExitOk;
  }

  const OnlineRequest& request_;
  std::ostream& out_;
  std::ostream& err_;
  Daemon daemon_;
};

}  // namespace

absl::Status CheckKind(OnlineVerb verb, bool hub) {
  if (hub && !IsForHubs(verb)) {
    return absl::InvalidArgumentError("this is for agents; leave --hub out");
  }
  if (!hub && !IsForAgents(verb)) {
    return absl::InvalidArgumentError("this is for hubs; add --hub");
  }
  return absl::OkStatus();
}

int RunOnline(const OnlineRequest& request, std::ostream& out,
              std::ostream& err) {
  return Call(request, out, err).Run();
}

}  // namespace service
