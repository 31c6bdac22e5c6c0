#include "service/admin/admin_fixture.h"

#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "service/admin/admin_channel.h"

namespace service {

AdminFixture::AdminFixture() {
  std::string name = testing::TempDir() + "/adminXXXXXX";
  folder_ = mkdtemp(name.data());
  path_ = folder_ + "/admin.sock";
}

AdminFixture::~AdminFixture() {
  server_.reset();
  std::filesystem::remove_all(folder_);
}

void AdminFixture::StartAgent() {
  auto server = AdminServer::StartAgent(path_, agent_, log_);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

void AdminFixture::StartHub() {
  auto server = AdminServer::StartHub(path_, hub_, log_);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

std::shared_ptr<grpc::Channel> AdminFixture::Channel() {
  auto channel = OpenAdminChannel(path_);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return *channel;
}

std::unique_ptr<skex::admin::v1::AgentAdmin::Stub> AdminFixture::Agent() {
  return skex::admin::v1::AgentAdmin::NewStub(Channel());
}

std::unique_ptr<skex::admin::v1::HubAdmin::Stub> AdminFixture::Hub() {
  return skex::admin::v1::HubAdmin::NewStub(Channel());
}

}  // namespace service
