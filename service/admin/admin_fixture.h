#ifndef SERVICE_ADMIN_ADMIN_FIXTURE_H_
#define SERVICE_ADMIN_ADMIN_FIXTURE_H_

#include <memory>
#include <sstream>
#include <string>

#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "service/admin/admin_server.h"
#include "service/admin/fake_control.h"
#include "service/api/admin.grpc.pb.h"
#include "service/log/log.h"

namespace service {

// An admin server over a fake agent or a fake hub, with a socket in a folder of
// its own, and connections to it. Tests choose which with StartAgent() or
// StartHub().
class AdminFixture : public testing::Test {
 protected:
  AdminFixture();
  ~AdminFixture() override;

  void StartAgent();
  void StartHub();

  // Each has a connection of its own.
  std::shared_ptr<grpc::Channel> Channel();
  std::unique_ptr<skex::admin::v1::AgentAdmin::Stub> Agent();
  std::unique_ptr<skex::admin::v1::HubAdmin::Stub> Hub();

  std::string folder_;
  std::string path_;
  FakeAgentControl agent_;
  FakeHubControl hub_;
  std::ostringstream log_text_;
  Log log_{LogLevel::kInfo, LogFormat::kText, log_text_};
  std::unique_ptr<AdminServer> server_;
};

}  // namespace service

#endif  // SERVICE_ADMIN_ADMIN_FIXTURE_H_
