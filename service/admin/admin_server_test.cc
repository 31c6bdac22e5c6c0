// The server itself, whatever it serves: whom it lets in, health, reflection,
// start and end.

#include "service/admin/admin_server.h"

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "service/admin/admin_fixture.h"
#include "service/admin/control.h"
#include "service/admin/fake_control.h"
#include "service/admin/unix_socket.h"
#include "service/api/admin.grpc.pb.h"
#include "service/base/mutex.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

class AdminServerTest : public AdminFixture {};

grpc::ByteBuffer Buffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(slice.begin(), slice.end());
  }
  return bytes;
}

// Sends one message to `method` as a stream and returns the first answer. The
// messages of the health and reflection services come without headers.
std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                    const std::string& method, const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto step = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(step());
  call->Write(Buffer(request), nullptr);
  EXPECT_TRUE(step());
  call->WritesDone(nullptr);
  EXPECT_TRUE(step());
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  const bool answered = step();
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(step());
  EXPECT_TRUE(status.ok()) << status.error_message();
  return answered ? Bytes(answer) : "no answer";
}

// HealthCheckRequest{service = 1}.
std::string Health(const std::shared_ptr<grpc::Channel>& channel,
                   const std::string& service) {
  return CallRaw(channel, "/grpc.health.v1.Health/Check",
                 absl::StrCat("\n", std::string(1, service.size()), service));
}
const char kServing[] = "\x08\x01";
const char kNotServing[] = "\x08\x02";

TEST_F(AdminServerTest, RefusesOtherUsers) {
  std::atomic<uid_t> asked{uid_t(-1)};
  auto server = AdminServer::StartAgent(path_, agent_, log_, [&](uid_t user) {
    asked = user;
    return false;
  });
  ASSERT_TRUE(server.ok()) << server.status();
  auto connection = ConnectUnix(path_);
  ASSERT_TRUE(connection.ok()) << connection.status();
  char byte;
  EXPECT_LE(read(connection->get(), &byte, 1), 0);
  EXPECT_EQ(asked, geteuid());
  server->reset();
  EXPECT_TRUE(absl::StrContains(
      log_text_.str(),
      absl::StrCat("admin_connection_refused uid=", geteuid())));
}

TEST(MayAdministerTest, LetsInSameUserAndRootAlone) {
  EXPECT_TRUE(MayAdminister(geteuid()));
  EXPECT_TRUE(MayAdminister(0));
  EXPECT_FALSE(MayAdminister(geteuid() + 1));
  EXPECT_FALSE(MayAdminister(65534 + (geteuid() == 65534)));
}

TEST_F(AdminServerTest, AgentHasNoHubService) {
  StartAgent();
  grpc::ClientContext context;
  api::HubStatus status;
  EXPECT_EQ(Hub()->GetStatus(&context, {}, &status).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(AdminServerTest, HealthFollowsSetServing) {
  StartAgent();
  auto channel = Channel();
  for (const char* service : {"", "skex.admin.v1.AgentAdmin"}) {
    server_->SetServing(true);
    EXPECT_EQ(Health(channel, service), kServing);
    server_->SetServing(false);
    EXPECT_EQ(Health(channel, service), kNotServing);
  }
}

TEST_F(AdminServerTest, IsServingFromTheStart) {
  StartHub();
  EXPECT_EQ(Health(Channel(), ""), kServing);
  EXPECT_EQ(Health(Channel(), "skex.admin.v1.HubAdmin"), kServing);
}

TEST_F(AdminServerTest, LeavesHealthSwitchOfProcessAlone) {
  StartAgent();
  EXPECT_FALSE(grpc::DefaultHealthCheckServiceEnabled());
}

TEST_F(AdminServerTest, ReflectionListsServices) {
  StartAgent();
  // ServerReflectionRequest{list_services = 7: ""}.
  std::string services =
      CallRaw(Channel(),
              "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              std::string("\x3a\x00", 2));
  EXPECT_TRUE(absl::StrContains(services, "skex.admin.v1.AgentAdmin"));
  EXPECT_TRUE(absl::StrContains(services, "grpc.health.v1.Health"));
  EXPECT_FALSE(absl::StrContains(services, "skex.admin.v1.HubAdmin"));
}

TEST_F(AdminServerTest, ReflectionDescribesService) {
  StartHub();
  const std::string name = "skex.admin.v1.HubAdmin";
  // ServerReflectionRequest{file_containing_symbol = 4: name}.
  std::string files =
      CallRaw(Channel(),
              "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              absl::StrCat("\x22", std::string(1, name.size()), name));
  EXPECT_TRUE(absl::StrContains(files, "EnrolledAgent"));
}

TEST_F(AdminServerTest, SecondServerLeavesTheFirstAlone) {
  StartAgent();
  auto second = AdminServer::StartAgent(path_, agent_, log_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Health(Channel(), ""), kServing);
}

TEST_F(AdminServerTest, StartsAgainAtTheSamePlace) {
  StartAgent();
  server_.reset();
  StartHub();
  EXPECT_EQ(Health(Channel(), ""), kServing);
}

// An agent whose Establish() waits until it is told to return.
class WaitingAgentControl : public FakeAgentControl {
 public:
  absl::StatusOr<EstablishedView> Establish(const std::string& peer,
                                            absl::Time deadline) override {
    {
      MutexLock lock(&mutex_);
      entered_ = true;
      changed_.SignalAll();
      while (!released_) changed_.Wait(&mutex_);
    }
    return FakeAgentControl::Establish(peer, deadline);
  }
  void AwaitCall() {
    MutexLock lock(&mutex_);
    while (!entered_) changed_.Wait(&mutex_);
  }
  void Release() {
    MutexLock lock(&mutex_);
    released_ = true;
    changed_.SignalAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool entered_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_F(AdminServerTest, ShutdownLetsCallUnderWayFinish) {
  WaitingAgentControl agent;
  auto server = AdminServer::StartAgent(path_, agent, log_);
  ASSERT_TRUE(server.ok()) << server.status();
  auto stub = Agent();
  grpc::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    api::EstablishKeyRequest request;
    request.set_peer("bob@south.example");
    api::EstablishKeyResponse response;
    status = stub->EstablishKey(&context, request, &response);
  });
  agent.AwaitCall();
  std::thread stopper([&] { (*server)->Shutdown(absl::InfiniteFuture()); });
  // The socket is gone before calls are waited for.
  while (std::filesystem::exists(path_)) std::this_thread::yield();
  agent.Release();
  stopper.join();
  caller.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace service
