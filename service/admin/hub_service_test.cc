// What a hub's admin API shows and does.

#include "absl/status/status.h"
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

TEST_F(AdminServerTest, ShowsStatusOfHub) {
  StartHub();
  grpc::ClientContext context;
  api::HubStatus status;
  ASSERT_TRUE(Hub()->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.name(), "hub1@one.example");
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_EQ(status.uptime().seconds(), 61);
  EXPECT_EQ(status.listen(), "127.0.0.1:7001");
  EXPECT_EQ(status.exchanges_waiting(), 7u);
  EXPECT_EQ(status.agents_enrolled(), 2u);
  EXPECT_EQ(status.agents_connected(), 1u);
}

TEST_F(AdminServerTest, ListsAgentsOfHub) {
  StartHub();
  grpc::ClientContext context;
  api::ListAgentsResponse agents;
  ASSERT_TRUE(Hub()->ListAgents(&context, {}, &agents).ok());
  ASSERT_EQ(agents.agents_size(), 2);
  EXPECT_EQ(agents.agents(0).name(), "alice@north.example");
  EXPECT_TRUE(agents.agents(0).connected());
  EXPECT_EQ(agents.agents(0).allow(0), "bob@south.example");
  EXPECT_EQ(agents.agents(0).pad_supply().pads(0).receive_otp_bytes(), 4000u);
  EXPECT_EQ(agents.agents(0).shares_relayed(), 42u);
  EXPECT_EQ(agents.agents(0).shares_refused(), 3u);
  EXPECT_EQ(agents.agents(1).detail(), "has not connected yet");
}

TEST_F(AdminServerTest, ReloadsHub) {
  StartHub();
  auto stub = Hub();
  grpc::ClientContext first;
  api::ReloadResponse response;
  ASSERT_TRUE(stub->Reload(&first, {}, &response).ok());
  EXPECT_EQ(response.summary(), "1 agent taken in");

  hub_.FailWith(absl::InvalidArgumentError("enrolment.toml:3:1: unknown key"));
  grpc::ClientContext second;
  grpc::Status status = stub->Reload(&second, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "enrolment.toml:3:1: unknown key");
}

}  // namespace
}  // namespace service
