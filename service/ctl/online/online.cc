#include "service/ctl/online/online.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "service/admin/admin_channel.h"
#include "service/admin/unix_socket.h"
#include "service/api/admin.grpc.pb.h"
#include "service/ctl/online/render.h"
#include "service/ctl/online/units.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

bool IsForAgents(OnlineVerb verb) { return verb != OnlineVerb::kAgents; }

bool IsForHubs(OnlineVerb verb) {
  return verb == OnlineVerb::kStatus || verb == OnlineVerb::kReload ||
         !IsForAgents(verb);
}

// One call at a daemon.
class Call {
 public:
  Call(const OnlineRequest& request, std::ostream& out, std::ostream& err)
      : request_(request), out_(out), err_(err) {}

  int Run() {
    if (request_.hub && !IsForHubs(request_.verb)) {
      return Complain(kUsage, "this is for agents; leave --hub out");
    }
    if (!request_.hub && !IsForAgents(request_.verb)) {
      return Complain(kUsage, "this is for hubs; add --hub");
    }
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        OpenAdminChannel(request_.socket);
    if (!channel.ok()) return ComplainOfConnection(channel.status());
    context_.set_deadline(absl::ToChronoTime(absl::Now() + request_.timeout));
    return request_.hub ? CallHub(*channel) : CallAgent(*channel);
  }

 private:
  int CallAgent(const std::shared_ptr<grpc::Channel>& channel) {
    using Stub = api::AgentAdmin::Stub;
    Stub stub(channel);
    switch (request_.verb) {
      case OnlineVerb::kPeers:
        return Ask(stub, &Stub::ListPeers, api::ListPeersRequest());
      case OnlineVerb::kKeys:
        return Ask(stub, &Stub::ListKeys, WithPeer<api::ListKeysRequest>());
      case OnlineVerb::kEstablish:
        return Ask(stub, &Stub::EstablishKey,
                   WithPeer<api::EstablishKeyRequest>());
      case OnlineVerb::kRotate:
        return Ask(stub, &Stub::RotateKey, WithPeer<api::RotateKeyRequest>());
      case OnlineVerb::kAllowJump:
        return Ask(stub, &Stub::AllowJump, WithPeer<api::AllowJumpRequest>());
      case OnlineVerb::kReload:
        return Ask(stub, &Stub::Reload, api::ReloadRequest());
      case OnlineVerb::kAdd: {
        api::AddTablesRequest request;
        request.set_toml(request_.tables);
        request.set_replace(request_.replace);
        return Ask(stub, &Stub::AddTables, request);
      }
      case OnlineVerb::kRemovePeer:
        return Ask(stub, &Stub::RemovePeer, Named());
      case OnlineVerb::kRemoveTunnel:
        return Ask(stub, &Stub::RemoveTunnel, Named());
      default:
        return Ask(stub, &Stub::GetStatus, api::GetAgentStatusRequest());
    }
  }

  int CallHub(const std::shared_ptr<grpc::Channel>& channel) {
    using Stub = api::HubAdmin::Stub;
    Stub stub(channel);
    switch (request_.verb) {
      case OnlineVerb::kAgents:
        return Ask(stub, &Stub::ListAgents, api::ListAgentsRequest());
      case OnlineVerb::kReload:
        return Ask(stub, &Stub::Reload, api::ReloadRequest());
      default:
        return Ask(stub, &Stub::GetStatus, api::GetHubStatusRequest());
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
  int Ask(Stub& stub,
          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                       Response*),
          const Request& request) {
    Response response;
    grpc::Status status = (stub.*method)(&context_, request, &response);
    if (!status.ok()) return ComplainOfAnswer(status);
    if (request_.json) {
      RenderJson(response, out_);
    } else {
      Render(response, out_);
    }
    return kDone;
  }

  int ComplainOfConnection(const absl::Status& status) {
    if (absl::IsPermissionDenied(status)) {
      return Complain(kFailed,
                      absl::StrCat("this user may not use the admin socket ",
                                   request_.socket, "; run as the user of ",
                                   Program(), ", or as root"));
    }
    if (absl::IsInvalidArgument(status)) {
      return Complain(kFailed, status.message());
    }
    return Complain(
        kFailed,
        absl::StrCat("no ", Kind(), " answers at ", request_.socket, ": is ",
                     Program(), " running? (", status.message(), ")"));
  }

  int ComplainOfAnswer(const grpc::Status& status) {
    switch (status.error_code()) {
      case grpc::StatusCode::UNIMPLEMENTED:
        return Complain(
            kFailed,
            absl::StrCat(
                "what answers at ", request_.socket, " is not ",
                request_.hub ? "a hub; leave --hub out" : "an agent; add --hub",
                ", or it is of another version"));
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return Complain(kFailed,
                        absl::StrCat(status.error_message(), " (within ",
                                     absl::FormatDuration(request_.timeout),
                                     "); a longer --timeout waits longer"));
      case grpc::StatusCode::UNAVAILABLE:
        return ComplainOfLostDaemon(status);
      default:
        return Complain(kFailed, status.error_message());
    }
  }

  // UNAVAILABLE is an answer of the daemon, about a hub or peer, or the end of
  // the daemon itself.
  int ComplainOfLostDaemon(const grpc::Status& status) {
    absl::StatusOr<UnixFd> again = ConnectUnix(request_.socket);
    if (!again.ok()) return ComplainOfConnection(again.status());
    return Complain(kFailed, status.error_message());
  }

  int Complain(int exit_status, absl::string_view text) {
    err_ << "skexctl: " << PrintableText(text) << "\n";
    return exit_status;
  }

  const char* Kind() const { return request_.hub ? "hub" : "agent"; }
  const char* Program() const { return request_.hub ? "skex-hub" : "skexd"; }

  const OnlineRequest& request_;
  std::ostream& out_;
  std::ostream& err_;
  grpc::ClientContext context_;
};

}  // namespace

int RunOnline(const OnlineRequest& request, std::ostream& out,
              std::ostream& err) {
  return Call(request, out, err).Run();
}

}  // namespace service
