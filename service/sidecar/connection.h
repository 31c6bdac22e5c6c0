#ifndef SERVICE_SIDECAR_CONNECTION_H_
#define SERVICE_SIDECAR_CONNECTION_H_

namespace service {

// Something alive on a worker that owns the sockets of one connection: one
// that is being opened, a relay, or lane messages.
//
// Thread-compatible: belongs to its worker's thread.
class Connection {
 public:
  virtual ~Connection() = default;

  // No new connections come any more, and those that are open may end by
  // themselves: ends now, or as soon as nothing is under way, if all that it
  // does is to wait for the next thing to do.
  virtual void Drain() {}

  // The sidecar stops: resets what is open and leaves the worker.
  virtual void Stop() = 0;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_CONNECTION_H_
