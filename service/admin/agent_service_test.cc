// What an agent's admin API shows and does.

#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "service/admin/admin_fixture.h"
#include "service/admin/fake_control.h"
#include "service/api/admin.grpc.pb.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

class AdminServerTest : public AdminFixture {};

TEST_F(AdminServerTest, ShowsStatusOfAgent) {
  StartAgent();
  grpc::ClientContext context;
  api::AgentStatus status;
  ASSERT_TRUE(Agent()->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.name(), "alice@north.example");
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_EQ(status.boringssl(), "abcdef");
  EXPECT_EQ(status.uptime().seconds(), 49 * 3600);
  EXPECT_FALSE(status.ready());
  EXPECT_EQ(status.detail(), "no key for carol@east.example");
  ASSERT_EQ(status.hubs_size(), 2);
  EXPECT_TRUE(status.hubs(0).connected());
  EXPECT_EQ(status.hubs(0).address(), "127.0.0.1:7001");
  EXPECT_EQ(status.hubs(1).detail(), "connection refused");
  const api::PadSupply& supply = status.hubs(0).pad_supply();
  ASSERT_EQ(supply.pads_size(), 1);
  const api::Pad& pad = supply.pads(0);
  EXPECT_EQ(pad.send_mac_bytes(), 1000u);
  EXPECT_EQ(pad.send_otp_bytes(), 2000u);
  EXPECT_EQ(pad.receive_mac_bytes(), 3000u);
  EXPECT_EQ(pad.receive_otp_bytes(), 4000u);
  EXPECT_EQ(pad.total_bytes(), 64u * 1024 * 1024);
  EXPECT_EQ(pad.wasted_bytes(), 512u);
  EXPECT_TRUE(pad.connected());
  EXPECT_EQ(supply.wasted_bytes(), 512u);
  EXPECT_EQ(supply.syncs(), 9u);
  EXPECT_EQ(supply.left(), 0.25);
  EXPECT_EQ(supply.time_left().seconds(), 50 * 3600);
  EXPECT_EQ(pad.source(), "generator");
  EXPECT_EQ(pad.table_id(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(status.peers_size(), 3);
  ASSERT_EQ(status.tunnels_size(), 1);
  const api::Tunnel& tunnel = status.tunnels(0);
  EXPECT_EQ(tunnel.name(), "to-bob");
  EXPECT_EQ(tunnel.kind(), "outbound");
  EXPECT_EQ(tunnel.listen(), "127.0.0.1:8080");
  EXPECT_EQ(tunnel.target(), "10.0.0.2:8443");
  EXPECT_EQ(tunnel.peers(0), "bob@south.example");
  EXPECT_EQ(tunnel.connections_open(), 5u);
  EXPECT_EQ(tunnel.connections_total(), 100u);
  EXPECT_EQ(tunnel.connections_failed(), 2u);
  EXPECT_EQ(tunnel.handshakes_ok(), 97u);
  EXPECT_EQ(tunnel.handshakes_refused(), 3u);
  EXPECT_EQ(tunnel.handshakes_failed(), 1u);
  EXPECT_EQ(tunnel.sent_bytes(), 1000000u);
  EXPECT_EQ(tunnel.received_bytes(), 2000000u);
}

TEST_F(AdminServerTest, ListsPeers) {
  StartAgent();
  grpc::ClientContext context;
  api::ListPeersResponse peers;
  ASSERT_TRUE(Agent()->ListPeers(&context, {}, &peers).ok());
  ASSERT_EQ(peers.peers_size(), 3);
  const api::Peer& bob = peers.peers(0);
  EXPECT_EQ(bob.name(), "bob@south.example");
  EXPECT_TRUE(bob.ready());
  EXPECT_EQ(bob.threshold(), 2u);
  EXPECT_EQ(bob.hubs_size(), 2);
  EXPECT_EQ(bob.freshness(), "derived");
  EXPECT_EQ(bob.keys_ready(), 3u);
  EXPECT_EQ(bob.keys_accept(), 1u);
  EXPECT_EQ(bob.exchanges_ok(), 17u);
  EXPECT_EQ(bob.exchanges_failed(), 4u);
  EXPECT_EQ(bob.mode(), "dske");
  EXPECT_EQ(bob.hubs_down(), "");
  EXPECT_FALSE(bob.has_lanes());
  EXPECT_EQ(bob.newest_key().id(), "0000000000000001");
  EXPECT_EQ(bob.newest_key().age().seconds(), 90);
  EXPECT_FALSE(peers.peers(1).ready());
  EXPECT_EQ(peers.peers(1).detail(), "too few hubs answer");
}

TEST_F(AdminServerTest, ListsLanesOfPeers) {
  StartAgent();
  grpc::ClientContext context;
  api::ListPeersResponse peers;
  ASSERT_TRUE(Agent()->ListPeers(&context, {}, &peers).ok());
  ASSERT_EQ(peers.peers_size(), 3);
  const api::Peer& carol = peers.peers(1);
  EXPECT_EQ(carol.mode(), "both");
  EXPECT_EQ(carol.hubs_down(), "unmediated_only");
  ASSERT_TRUE(carol.has_lanes());
  EXPECT_EQ(carol.lanes().address(), "10.0.0.3:8443");
  EXPECT_TRUE(carol.lanes().connected());
  EXPECT_EQ(carol.lanes().detail(), "");
  EXPECT_EQ(carol.lanes().leaves_left(), 4294965247u);
  EXPECT_EQ(carol.lanes().rollbacks_detected(), 1u);
  EXPECT_EQ(carol.lanes().skipped_leaves(), 5u);
  EXPECT_EQ(carol.lanes().reroots(), 2u);
  EXPECT_TRUE(carol.lanes().jump_waits());
  EXPECT_TRUE(carol.lanes().hubs_down());
  const api::Peer& dave = peers.peers(2);
  EXPECT_EQ(dave.mode(), "unmediated");
  EXPECT_EQ(dave.hubs_down(), "");
  EXPECT_EQ(dave.hubs_size(), 0);
  ASSERT_TRUE(dave.has_lanes());
  EXPECT_FALSE(dave.lanes().connected());
  EXPECT_EQ(dave.lanes().detail(), "connection refused");
  EXPECT_FALSE(dave.lanes().jump_waits());
  EXPECT_FALSE(dave.lanes().hubs_down());
}

TEST_F(AdminServerTest, ListsKeys) {
  StartAgent();
  grpc::ClientContext context;
  api::ListKeysResponse keys;
  ASSERT_TRUE(Agent()->ListKeys(&context, {}, &keys).ok());
  ASSERT_EQ(keys.keys_size(), 3);
  const api::Key& key = keys.keys(0);
  EXPECT_EQ(key.id(), "0000000000000001");
  EXPECT_EQ(key.peer(), "bob@south.example");
  EXPECT_EQ(key.role(), "dial");
  EXPECT_EQ(key.state(), "active");
  EXPECT_EQ(key.source(), "dske");
  EXPECT_EQ(key.label(), "information-theoretic");
  EXPECT_EQ(key.hubs_size(), 2);
  EXPECT_EQ(key.threshold(), 2u);
  EXPECT_EQ(key.age().seconds(), 90);
  EXPECT_EQ(key.expires_in().seconds(), 59 * 60);
  EXPECT_EQ(key.uses(), 12u);
  EXPECT_EQ(key.use_limit(), 1048576u);
  EXPECT_FALSE(keys.keys(1).has_expires_in());
  EXPECT_EQ(keys.keys(2).source(), "unmediated");
  EXPECT_EQ(keys.keys(2).label(), "computational");
  EXPECT_EQ(keys.keys(2).hubs_size(), 0);
}

TEST_F(AdminServerTest, ListsKeysOfOnePeer) {
  StartAgent();
  grpc::ClientContext context;
  api::ListKeysRequest request;
  request.set_peer("carol@east.example");
  api::ListKeysResponse keys;
  ASSERT_TRUE(Agent()->ListKeys(&context, request, &keys).ok());
  ASSERT_EQ(keys.keys_size(), 1);
  EXPECT_EQ(keys.keys(0).id(), "0000000000000002");
}

TEST_F(AdminServerTest, ListsNoKeysOfStranger) {
  StartAgent();
  grpc::ClientContext context;
  api::ListKeysRequest request;
  request.set_peer("mallory@west.example");
  api::ListKeysResponse keys;
  grpc::Status status = Agent()->ListKeys(&context, request, &keys);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(AdminServerTest, EstablishesKey) {
  StartAgent();
  grpc::ClientContext context;
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  context.set_deadline(absl::ToChronoTime(deadline));
  api::EstablishKeyRequest request;
  request.set_peer("bob@south.example");
  api::EstablishKeyResponse response;
  ASSERT_TRUE(Agent()->EstablishKey(&context, request, &response).ok());
  EXPECT_EQ(response.key().id(), "0000000000000003");
  EXPECT_EQ(response.took().seconds(), 0);
  EXPECT_EQ(response.took().nanos(), 12000000);
  // Early enough for the reason of a failure to arrive in time.
  EXPECT_LT(agent_.last_deadline(), deadline);
}

TEST_F(AdminServerTest, RotatesKey) {
  StartAgent();
  grpc::ClientContext context;
  api::RotateKeyRequest request;
  request.set_peer("bob@south.example");
  api::RotateKeyResponse response;
  ASSERT_TRUE(Agent()->RotateKey(&context, request, &response).ok());
  EXPECT_EQ(response.key().id(), "0000000000000004");
}

TEST_F(AdminServerTest, AllowsJump) {
  StartAgent();
  auto stub = Agent();
  const auto allow = [&stub](const std::string& peer) {
    grpc::ClientContext context;
    api::AllowJumpRequest request;
    request.set_peer(peer);
    api::AllowJumpResponse response;
    return stub->AllowJump(&context, request, &response);
  };
  EXPECT_TRUE(allow("carol@east.example").ok());
  grpc::Status status = allow("bob@south.example");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "no jump waits for the operator");
  EXPECT_EQ(allow("mallory@west.example").error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(AdminServerTest, BoundsWaitOfCallWithoutDeadline) {
  StartAgent();
  grpc::ClientContext context;
  api::EstablishKeyRequest request;
  request.set_peer("bob@south.example");
  api::EstablishKeyResponse response;
  ASSERT_TRUE(Agent()->EstablishKey(&context, request, &response).ok());
  EXPECT_LE(agent_.last_deadline(), absl::Now() + absl::Minutes(1));
}

TEST_F(AdminServerTest, HandsOnErrorsOfControl) {
  StartAgent();
  agent_.FailWith(absl::ResourceExhaustedError("the pad is used up"));
  auto stub = Agent();
  api::EstablishKeyRequest establish;
  establish.set_peer("bob@south.example");
  api::EstablishKeyResponse established;
  grpc::ClientContext first;
  grpc::Status status = stub->EstablishKey(&first, establish, &established);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "the pad is used up");

  api::RotateKeyRequest rotate;
  rotate.set_peer("mallory@west.example");
  api::RotateKeyResponse rotated;
  grpc::ClientContext second;
  status = stub->RotateKey(&second, rotate, &rotated);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(AdminServerTest, RefusesCallsThatNameNoPeer) {
  StartAgent();
  auto stub = Agent();
  api::EstablishKeyResponse established;
  grpc::ClientContext first;
  EXPECT_EQ(stub->EstablishKey(&first, {}, &established).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  api::RotateKeyResponse rotated;
  grpc::ClientContext second;
  EXPECT_EQ(stub->RotateKey(&second, {}, &rotated).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  api::AllowJumpResponse allowed;
  grpc::ClientContext third;
  EXPECT_EQ(stub->AllowJump(&third, {}, &allowed).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(AdminServerTest, ReloadsAgent) {
  StartAgent();
  auto stub = Agent();
  grpc::ClientContext first;
  api::ReloadResponse response;
  ASSERT_TRUE(stub->Reload(&first, {}, &response).ok());
  EXPECT_EQ(response.summary(), "2 pads: 1 new, 0 let go");

  agent_.FailWith(absl::NotFoundError("b.pad: no such file"));
  grpc::ClientContext second;
  grpc::Status status = stub->Reload(&second, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "b.pad: no such file");
}

TEST_F(AdminServerTest, AddsAndRemoves) {
  using Stub = api::AgentAdmin::Stub;
  StartAgent();
  auto stub = Agent();
  // The summary of the answer, or the error.
  const auto ask = [&stub](auto method, const auto& request) {
    grpc::ClientContext context;
    api::ReloadResponse response;
    grpc::Status status = (stub.get()->*method)(&context, request, &response);
    return status.ok() ? response.summary() : status.error_message();
  };
  api::AddTablesRequest tables;
  tables.set_toml("[[peer]]");
  EXPECT_EQ(ask(&Stub::AddTables, tables), "added: [[peer]]");
  tables.set_replace(true);
  EXPECT_EQ(ask(&Stub::AddTables, tables), "replaced: [[peer]]");
  api::RemoveRequest name;
  EXPECT_EQ(ask(&Stub::RemovePeer, name).find("no peer is named"), 0u);
  EXPECT_EQ(ask(&Stub::RemoveTunnel, name).find("no tunnel is named"), 0u);
  name.set_name("web");
  EXPECT_EQ(ask(&Stub::RemovePeer, name), "removed peer web");
  EXPECT_EQ(ask(&Stub::RemoveTunnel, name), "removed tunnel web");
  agent_.FailWith(absl::NotFoundError("not added"));
  EXPECT_EQ(ask(&Stub::RemoveTunnel, name), "not added");
}

}  // namespace
}  // namespace service
