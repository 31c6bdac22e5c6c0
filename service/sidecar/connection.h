#ifndef SERVICE_SIDECAR_CONNECTION_H_
#define SERVICE_SIDECAR_CONNECTION_H_

namespace service {

// Something alive on a worker that owns the sockets of one proxied
// connection: one that is being opened, or a relay.
//
// Thread-compatible: belongs to its worker's thread.
class Connection {
 public:
  virtual ~Connection() = default;

  // The sidecar stops: resets what is open and leaves the worker.
  virtual void Stop() = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_CONNECTION_H_
