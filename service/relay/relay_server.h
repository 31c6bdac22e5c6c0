#ifndef SERVICE_RELAY_RELAY_SERVER_H_
#define SERVICE_RELAY_RELAY_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "service/api/relay.grpc.pb.h"
#include "service/base/mutex.h"
#include "service/config/endpoint.h"

namespace service {

// RelayServer is the hub's end of the streams: it accepts them, numbers them
// and moves frames. It knows nothing of what is in a frame.
//
// Callbacks come on gRPC's threads; those of one stream in order. All other
// functions are thread-safe.
class RelayServer {
 public:
  // Never reused.
  using StreamNumber = uint64_t;

  struct Callbacks {
    std::function<void(StreamNumber)> on_up;
    // Frames that came together, in their order; Dealt() is due for them, once.
    std::function<void(StreamNumber, std::vector<std::string>)> on_frames;
    std::function<void(StreamNumber)> on_down;
  };

  // Streams at a time, those that have not proven anything included.
  static constexpr size_t kMostStreams = 10'000;

  // Listens on `address`, which is not shared with any other process. Returns
  // UNAVAILABLE with the address and the way out if it cannot.
  static absl::StatusOr<std::unique_ptr<RelayServer>> Start(
      const Endpoint& address, Callbacks callbacks);

  // Calls Shutdown().
  ~RelayServer();
  RelayServer(const RelayServer&) = delete;
  RelayServer& operator=(const RelayServer&) = delete;

  void Send(StreamNumber stream, std::string frame);
  void Dealt(StreamNumber stream);
  // Ends a stream; its agent sees `status`.
  void Close(StreamNumber stream, const absl::Status& status);

  // Ends all streams and waits for their callbacks.
  void Shutdown();

  // Where it listens, with the port that the system chose.
  const std::string& address() const { return address_; }

 private:
  class ServerStream;
  class Service;

  explicit RelayServer(Callbacks callbacks);

  std::shared_ptr<ServerStream> Find(StreamNumber stream);
  grpc::ServerBidiReactor<::skex::relay::v1::Frame, ::skex::relay::v1::Frame>*
  Accept(grpc::CallbackServerContext* context);
  void Forget(StreamNumber stream);

  const Callbacks callbacks_;
  const std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  Mutex mutex_;
  StreamNumber next_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<StreamNumber, std::shared_ptr<ServerStream>> streams_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_RELAY_RELAY_SERVER_H_
