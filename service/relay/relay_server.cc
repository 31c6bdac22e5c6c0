#include "service/relay/relay_server.h"

#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/impl/server_builder_plugin.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "service/relay/frame_pump.h"

namespace service {
namespace {

using ::skex::relay::v1::Frame;
using ::skex::relay::v1::Relay;
using FrameReactor = grpc::ServerBidiReactor<Frame, Frame>;

// Agents ask with a ping every 10 s whether the hub is alive; so does the hub.
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;
constexpr int kLeastPingIntervalMs = 5'000;

// A plugin that another part of the process links in, such as reflection for
// the admin API, would answer on this port as well.
class WithoutPlugins : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    plugins->clear();
  }
};

}  // namespace

class RelayServer::ServerStream : public FramePump<FrameReactor> {
 public:
  ServerStream(RelayServer& server, StreamNumber number)
      : server_(server), number_(number) {}

  void Begin(std::shared_ptr<ServerStream> self) {
    self_ = std::move(self);
    BeginReading();
  }

  // The first status counts.
  void Close(const grpc::Status& status) {
    {
      MutexLock lock(&status_mutex_);
      if (status_.ok()) status_ = status;
    }
    End();
  }

 private:
  void Deliver(std::vector<std::string> frames) override {
    server_.callbacks_.on_frames(number_, std::move(frames));
  }
  void Finishing() override {
    grpc::Status status;
    {
      MutexLock lock(&status_mutex_);
      status = status_;
    }
    Finish(status);
  }
  void Overflow() override {
    Close(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                       "agent does not read its frames"));
  }
  void OnCancel() override { End(); }
  void OnDone() override {
    server_.callbacks_.on_down(number_);
    server_.Forget(number_);
    self_.reset();
  }

  RelayServer& server_;
  const StreamNumber number_;
  Mutex status_mutex_;
  grpc::Status status_ ABSL_GUARDED_BY(status_mutex_);
  std::shared_ptr<ServerStream> self_;
};

class RelayServer::Service : public Relay::CallbackService {
 public:
  explicit Service(RelayServer& server) : server_(server) {}

 private:
  FrameReactor* Connect(grpc::CallbackServerContext* context) override {
    return server_.Accept(context);
  }

  RelayServer& server_;
};

RelayServer::RelayServer(Callbacks callbacks)
    : callbacks_(std::move(callbacks)),
      service_(std::make_unique<Service>(*this)) {}

absl::StatusOr<std::unique_ptr<RelayServer>> RelayServer::Start(
    const Endpoint& address, Callbacks callbacks) {
  auto server = absl::WrapUnique(new RelayServer(std::move(callbacks)));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address.ToString(),
                           grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(server->service_.get());
  builder.SetOption(std::make_unique<WithoutPlugins>());
  // Without this a second hub would share the port and take half the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kLeastPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", address.ToString(),
        ": the port is taken or the address is not of this machine; choose "
        "another `listen`"));
  }
  Endpoint bound = address;
  bound.port = static_cast<uint16_t>(port);
  server->address_ = bound.ToString();
  return server;
}

RelayServer::~RelayServer() { Shutdown(); }

FrameReactor* RelayServer::Accept(grpc::CallbackServerContext*) {
  std::shared_ptr<ServerStream> stream;
  StreamNumber number = 0;
  bool full = false;
  {
    MutexLock lock(&mutex_);
    number = next_++;
    full = streams_.size() >= kMostStreams;
    stream = std::make_shared<ServerStream>(*this, number);
    streams_.emplace(number, stream);
  }
  callbacks_.on_up(number);
  stream->Begin(stream);
  if (full) {
    stream->Close(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                               "the hub has too many streams"));
  }
  return stream.get();
}

std::shared_ptr<RelayServer::ServerStream> RelayServer::Find(
    StreamNumber stream) {
  MutexLock lock(&mutex_);
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second;
}

void RelayServer::Send(StreamNumber number, std::string frame) {
  if (auto stream = Find(number)) stream->Send(std::move(frame));
}

void RelayServer::Dealt(StreamNumber number) {
  if (auto stream = Find(number)) stream->Dealt();
}

void RelayServer::Close(StreamNumber number, const absl::Status& status) {
  if (auto stream = Find(number)) {
    stream->Close(grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                               std::string(status.message())));
  }
}

void RelayServer::Forget(StreamNumber number) {
  MutexLock lock(&mutex_);
  streams_.erase(number);
}

void RelayServer::Shutdown() {
  if (server_ == nullptr) return;
  std::vector<std::shared_ptr<ServerStream>> open;
  {
    MutexLock lock(&mutex_);
    for (const auto& [number, stream] : streams_) open.push_back(stream);
  }
  for (const auto& stream : open) {
    stream->Close(
        grpc::Status(grpc::StatusCode::UNAVAILABLE, "the hub shuts down"));
  }
  open.clear();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  server_->Wait();
  server_.reset();
}

}  // namespace service
