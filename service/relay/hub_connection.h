#ifndef SERVICE_RELAY_HUB_CONNECTION_H_
#define SERVICE_RELAY_HUB_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "service/api/relay.grpc.pb.h"
#include "service/config/endpoint.h"

namespace service {

// HubConnection is an agent's connection to one hub: one stream at a time,
// begun by Connect(). It does not connect again by itself.
//
// The callbacks come on gRPC's threads, in order: frames of a stream, then its
// end. Connect(), Send(), Dealt() and the destructor are for one thread; the
// destructor ends a running stream, and what was passed to the constructor may
// be called until the stream's end was reported.
class HubConnection {
 public:
  // Frames came together, in their order; Dealt() is due for them, once.
  using OnFrames = absl::AnyInvocable<void(std::vector<std::string>)>;
  // The stream has ended, or could not be begun, and why.
  using OnEnd = absl::AnyInvocable<void(absl::Status)>;

  explicit HubConnection(const Endpoint& address);
  ~HubConnection();
  HubConnection(const HubConnection&) = delete;
  HubConnection& operator=(const HubConnection&) = delete;

  // Begins a stream; none may be running.
  void Connect(OnFrames on_frames, OnEnd on_end);

  // Sends a frame on the running stream; dropped when there is none.
  void Send(std::string frame);
  void Dealt();

  // Ends the running stream; its OnEnd still comes.
  void Disconnect();

 private:
  class ClientStream;

  const std::unique_ptr<::skex::relay::v1::Relay::Stub> stub_;
  std::shared_ptr<ClientStream> stream_;
};

}  // namespace service

#endif  // SERVICE_RELAY_HUB_CONNECTION_H_
