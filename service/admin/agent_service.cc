#include "service/admin/agent_service.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/admin/call_deadline.h"
#include "service/admin/messages.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

// The longest that a call may wait for a key, whatever its own deadline: it
// holds a thread, and the daemon's shutdown.
constexpr absl::Duration kLongestWait = absl::Minutes(1);

absl::Time DeadlineOf(const grpc::ServerContext& context) {
  return std::min(AnswerBy(context), absl::Now() + kLongestWait);
}

absl::Status CheckNamed(const std::string& peer) {
  if (!peer.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "no peer is named; give the name of a configured peer");
}

// Writes what EstablishKey and RotateKey have in common.
template <typename Response>
grpc::Status Answer(const absl::StatusOr<EstablishedView>& established,
                    Response* response) {
  if (!established.ok()) return ToGrpc(established.status());
  *response->mutable_key() = ToMessage(established->key);
  *response->mutable_took() = ToMessage(established->took);
  return grpc::Status::OK;
}

bool Knows(const AgentView& view, const std::string& peer) {
  return std::any_of(view.peers.begin(), view.peers.end(),
                     [&](const PeerView& known) { return known.name == peer; });
}

}  // namespace

grpc::Status AgentService::GetStatus(grpc::ServerContext*,
                                     const api::GetAgentStatusRequest*,
                                     api::AgentStatus* response) {
  *response = ToMessage(control_.Status());
  return grpc::Status::OK;
}

grpc::Status AgentService::ListPeers(grpc::ServerContext*,
                                     const api::ListPeersRequest*,
                                     api::ListPeersResponse* response) {
  for (const PeerView& peer : control_.Status().peers) {
    *response->add_peers() = ToMessage(peer);
  }
  return grpc::Status::OK;
}

grpc::Status AgentService::ListKeys(grpc::ServerContext*,
                                    const api::ListKeysRequest* request,
                                    api::ListKeysResponse* response) {
  const std::string& peer = request->peer();
  if (!peer.empty() && !Knows(control_.Status(), peer)) {
    return ToGrpc(absl::NotFoundError(
        absl::StrCat("peer ", peer, " is not configured; see the peers")));
  }
  for (const KeyView& key : control_.Keys()) {
    if (peer.empty() || key.peer == peer)
      *response->add_keys() = ToMessage(key);
  }
  return grpc::Status::OK;
}

grpc::Status AgentService::EstablishKey(grpc::ServerContext* context,
                                        const api::EstablishKeyRequest* request,
                                        api::EstablishKeyResponse* response) {
  absl::Status named = CheckNamed(request->peer());
  if (!named.ok()) return ToGrpc(named);
  return Answer(control_.Establish(request->peer(), DeadlineOf(*context)),
                response);
}

grpc::Status AgentService::RotateKey(grpc::ServerContext* context,
                                     const api::RotateKeyRequest* request,
                                     api::RotateKeyResponse* response) {
  absl::Status named = CheckNamed(request->peer());
  if (!named.ok()) return ToGrpc(named);
  return Answer(control_.Rotate(request->peer(), DeadlineOf(*context)),
                response);
}

grpc::Status AgentService::AllowJump(grpc::ServerContext*,
                                     const api::AllowJumpRequest* request,
                                     api::AllowJumpResponse*) {
  absl::Status named = CheckNamed(request->peer());
  if (!named.ok()) return ToGrpc(named);
  return ToGrpc(control_.AllowJump(request->peer()));
}

grpc::Status AgentService::Reload(grpc::ServerContext*,
                                  const api::ReloadRequest*,
                                  api::ReloadResponse* response) {
  return Answer(control_.Reload(), response);
}

grpc::Status AgentService::AddTables(grpc::ServerContext*,
                                     const api::AddTablesRequest* request,
                                     api::ReloadResponse* response) {
  return Answer(control_.AddTables(request->toml(), request->replace()),
                response);
}

grpc::Status AgentService::RemovePeer(grpc::ServerContext*,
                                      const api::RemoveRequest* request,
                                      api::ReloadResponse* response) {
  absl::Status named = CheckNamed(request->name());
  if (!named.ok()) return ToGrpc(named);
  return Answer(control_.RemovePeer(request->name()), response);
}

grpc::Status AgentService::RemoveTunnel(grpc::ServerContext*,
                                        const api::RemoveRequest* request,
                                        api::ReloadResponse* response) {
  if (request->name().empty()) {
    return ToGrpc(absl::InvalidArgumentError(
        "no tunnel is named; give the name of one that was added"));
  }
  return Answer(control_.RemoveTunnel(request->name()), response);
}

}  // namespace service
