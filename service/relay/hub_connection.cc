#include "service/relay/hub_connection.h"

#include <utility>

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "service/relay/frame_pump.h"

namespace service {
namespace {

using ::skex::relay::v1::Frame;
using ::skex::relay::v1::Relay;

constexpr int kMostReconnectBackoffMs = 1000;
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;

std::shared_ptr<grpc::Channel> OpenChannel(const Endpoint& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMostReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // A proxy of the environment must not come between agent and hub.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(
      address.ToString(), grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToAbsl(const grpc::Status& status) {
  if (status.ok()) return absl::UnavailableError("the hub ended the stream");
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

}  // namespace

// Keeps itself alive until gRPC is done with it.
class HubConnection::ClientStream
    : public FramePump<grpc::ClientBidiReactor<Frame, Frame>> {
 public:
  ClientStream(OnFrames on_frames, OnEnd on_end)
      : on_frames_(std::move(on_frames)), on_end_(std::move(on_end)) {}

  void Begin(Relay::Stub& stub, std::shared_ptr<ClientStream> self) {
    self_ = std::move(self);
    stub.async()->Connect(&context_, this);
    AddHold();  // for the writes that come from outside
    BeginReading();
    StartCall();
  }

  void Cancel() {
    context_.TryCancel();
    End();
  }

 private:
  void Deliver(std::vector<std::string> frames) override {
    on_frames_(std::move(frames));
  }
  void Finishing() override { RemoveHold(); }
  void Overflow() override { Cancel(); }
  void OnDone(const grpc::Status& status) override {
    on_end_(ToAbsl(status));
    self_.reset();
  }

  grpc::ClientContext context_;
  OnFrames on_frames_;
  OnEnd on_end_;
  std::shared_ptr<ClientStream> self_;
};

HubConnection::HubConnection(const Endpoint& address)
    : stub_(Relay::NewStub(OpenChannel(address))) {}

HubConnection::~HubConnection() { Disconnect(); }

void HubConnection::Connect(OnFrames on_frames, OnEnd on_end) {
  stream_ =
      std::make_shared<ClientStream>(std::move(on_frames), std::move(on_end));
  stream_->Begin(*stub_, stream_);
}

void HubConnection::Send(std::string frame) {
  if (stream_ != nullptr) stream_->Send(std::move(frame));
}

void HubConnection::Dealt() {
  if (stream_ != nullptr) stream_->Dealt();
}

void HubConnection::Disconnect() {
  if (stream_ != nullptr) stream_->Cancel();
  stream_.reset();
}

}  // namespace service
