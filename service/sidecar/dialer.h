#ifndef SERVICE_SIDECAR_DIALER_H_
#define SERVICE_SIDECAR_DIALER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "asio/ip/tcp.hpp"
#include "service/config/endpoint.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/socket_address.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/worker.h"

namespace service {

// Dialer connects to an endpoint without blocking: one address after the other
// if its host is a name. A name is resolved anew for each connection.
//
// Thread-compatible: belongs to its worker's thread, and to an owner that it
// keeps alive while it works.
class Dialer {
 public:
  using Done = std::function<void(absl::StatusOr<StreamSocket>)>;

  // `worker` must outlive it.
  explicit Dialer(Worker& worker);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Connects within `timeout`, then calls `done` from the event loop, once:
  // with the socket, or with UNAVAILABLE or DEADLINE_EXCEEDED and the reason.
  // `owner` is what contains this dialer. One at a time.
  void Start(const Endpoint& endpoint, absl::Duration timeout,
             std::weak_ptr<void> owner, Done done);

  // `done` will not be called.
  void Cancel();

 private:
  void Resolve(const Endpoint& endpoint);
  void OnResolved(const asio::error_code& error,
                  const asio::ip::tcp::resolver::results_type& results);
  void TryNext();
  void TryAgainLater();
  void OnWritable();
  void Finish(absl::StatusOr<StreamSocket> result);
  // Wraps a handler: it runs only while the attempt goes on.
  template <class Handler>
  auto Guard(Handler handler);

  Worker& worker_;
  std::weak_ptr<void> owner_;
  Done done_;
  std::string name_;  // of the endpoint, for the reason
  std::vector<SocketAddress> addresses_;
  size_t next_ = 0;
  int error_ = 0;  // of the last address
  absl::optional<asio::ip::tcp::resolver> resolver_;
  StreamSocket socket_;
  Alarm timeout_;
  Alarm again_;
  uint64_t attempt_ = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_DIALER_H_
