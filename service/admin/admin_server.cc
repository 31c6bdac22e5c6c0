#include "service/admin/admin_server.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_posix.h"
#include "service/admin/agent_service.h"
#include "service/admin/hub_service.h"
#include "service/base/mutex.h"

namespace service {
namespace {

// More calls than operators make at a time; each may hold a thread.
constexpr int kMaxThreads = 32;
constexpr int kMaxRequestBytes = 64 * 1024;

// How long to leave a connection in the queue when no descriptor is free.
constexpr int kNoDescriptorPauseMs = 100;

// Builds a server with the default health service. gRPC has only a switch for
// the whole process: it is put back, so that servers of other ports are as
// they were.
std::unique_ptr<grpc::Server> BuildWithHealth(grpc::ServerBuilder& builder) {
  static Mutex* const mutex = new Mutex;
  MutexLock lock(mutex);
  const bool before = grpc::DefaultHealthCheckServiceEnabled();
  grpc::EnableDefaultHealthCheckService(true);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  grpc::EnableDefaultHealthCheckService(before);
  return server;
}

}  // namespace

bool MayAdminister(uid_t user) { return user == 0 || user == geteuid(); }

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::StartAgent(
    absl::string_view socket_path, AgentControl& control, Log& log,
    Doorman doorman) {
  return Start(socket_path, std::make_unique<AgentService>(control),
               skex::admin::v1::AgentAdmin::service_full_name(), log,
               std::move(doorman));
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::StartHub(
    absl::string_view socket_path, HubControl& control, Log& log,
    Doorman doorman) {
  return Start(socket_path, std::make_unique<HubService>(control),
               skex::admin::v1::HubAdmin::service_full_name(), log,
               std::move(doorman));
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(
    absl::string_view socket_path, std::unique_ptr<grpc::Service> service,
    std::string service_name, Log& log, Doorman doorman) {
  absl::StatusOr<std::unique_ptr<UnixListener>> listener =
      UnixListener::Create(socket_path);
  if (!listener.ok()) return listener.status();
  std::unique_ptr<AdminServer> server(new AdminServer(
      *std::move(listener), std::move(service), log, std::move(doorman)));
  absl::Status status = server->StartServer(service_name);
  if (!status.ok()) return status;
  return server;
}

AdminServer::AdminServer(std::unique_ptr<UnixListener> listener,
                         std::unique_ptr<grpc::Service> service, Log& log,
                         Doorman doorman)
    : listener_(std::move(listener)),
      service_(std::move(service)),
      log_(log),
      doorman_(std::move(doorman)) {}

AdminServer::~AdminServer() { Shutdown(absl::InfinitePast()); }

absl::Status AdminServer::StartServer(const std::string& service_name) {
  stop_ = UnixFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_.valid()) {
    return absl::UnavailableError(
        absl::StrCat("eventfd: ", std::strerror(errno)));
  }
  // Has been called already at the start of the process; this use makes the
  // linker take the library in.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota("admin");
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.RegisterService(service_.get());
  server_ = BuildWithHealth(builder);
  if (server_ == nullptr) {
    return absl::InternalError("gRPC did not start the admin server");
  }
  server_->GetHealthCheckService()->SetServingStatus(service_name, true);
  acceptor_ = std::thread(&AdminServer::AcceptConnections, this);
  return absl::OkStatus();
}

void AdminServer::SetServing(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

void AdminServer::AcceptConnections() {
  pollfd watched[2] = {{stop_.get(), POLLIN, 0}, {listener_->fd(), POLLIN, 0}};
  while (true) {
    if (poll(watched, 2, -1) < 0) {
      if (errno == EINTR) continue;
      log_.Error("admin_poll_failed", {{"why", std::strerror(errno)}});
      return;
    }
    if (watched[0].revents != 0) return;
    if (!AcceptConnection() && poll(watched, 1, kNoDescriptorPauseMs) > 0) {
      return;
    }
  }
}

bool AdminServer::AcceptConnection() {
  UnixFd connection(
      accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.valid()) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) {
      return true;
    }
    log_.Warning("admin_accept_failed", {{"why", std::strerror(errno)}});
    return false;
  }
  absl::StatusOr<uid_t> user = PeerUser(connection.get());
  if (!user.ok()) {
    log_.Warning("admin_connection_refused", {{"why", user.status()}});
  } else if (!doorman_(*user)) {
    log_.Warning("admin_connection_refused", {{"uid", *user}});
  } else {
    grpc::AddInsecureChannelFromFd(server_.get(), connection.Release());
  }
  return true;
}

void AdminServer::Shutdown(absl::Time deadline) {
  if (acceptor_.joinable()) {
    const uint64_t one = 1;
    // An eventfd that nobody has written to takes this without blocking.
    if (write(stop_.get(), &one, sizeof(one)) != sizeof(one)) {
      log_.Error("admin_stop_failed", {{"why", std::strerror(errno)}});
    }
    acceptor_.join();
  }
  listener_.reset();
  if (server_ == nullptr) return;
  server_->GetHealthCheckService()->Shutdown();
  // gRPC takes a time before 1970 for one that never comes.
  server_->Shutdown(absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
  server_->Wait();
}

}  // namespace service
