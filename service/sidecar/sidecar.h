#ifndef SERVICE_SIDECAR_SIDECAR_H_
#define SERVICE_SIDECAR_SIDECAR_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"
#include "service/log/log.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/listener.h"
#include "service/sidecar/options.h"
#include "service/sidecar/psk_provider.h"
#include "service/sidecar/stats.h"
#include "service/sidecar/tunnel.h"
#include "service/sidecar/worker_pool.h"
#include "tlsbridge/session.h"

namespace service {

// Sidecar runs the tunnels of an agent: outbound ones take plain connections
// of local applications and carry them to a peer over PSK-TLS, inbound ones do
// the reverse. No byte of an application ever leaves it unencrypted: a
// connection for which there is no key is refused.
//
// What comes to an inbound tunnel and is no TLS is taken for messages of
// unmediated key establishment, see LaneConnection: so agents need one port.
//
// Tunnels(), Drain() and Stop() are thread-safe; each connection lives on one
// worker thread.
class Sidecar {
 public:
  // Binds the sockets of all tunnels, and accepts nothing yet. `provider`,
  // `log`, `observer` and `lanes` (these two may be null) must outlive the
  // sidecar. Without `lanes` inbound tunnels take nothing but TLS. Returns
  // ALREADY_EXISTS or UNAVAILABLE with the address and the way out if a tunnel
  // cannot listen; then nothing stays bound.
  static absl::StatusOr<std::unique_ptr<Sidecar>> Create(
      const SidecarOptions& options, PskProvider& provider,
      std::shared_ptr<const tlsbridge::Context> tls, Log& log,
      SidecarObserver* observer, LaneAnswerer* lanes);

  // Calls Stop().
  ~Sidecar();
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;

  // Starts the workers; from now on connections are accepted. Once.
  void Start();

  // Stops accepting at once, lets the open connections end by themselves for
  // at most `patience`, then resets the rest and stops. Those that carry lane
  // messages end as soon as none is under way. Blocks. Returns how many
  // connections were reset.
  size_t Drain(absl::Duration patience);

  // Drain() without patience.
  void Stop() { Drain(absl::ZeroDuration()); }

  // What each tunnel is and has done, outbound ones first, in the order of the
  // options.
  std::vector<TunnelSnapshot> Tunnels() const;

 private:
  Sidecar(const SidecarOptions& options, PskProvider& provider,
          std::shared_ptr<const tlsbridge::Context> tls, Log& log,
          SidecarObserver* observer, LaneAnswerer* lanes);
  template <class Options>
  absl::Status Listen(const Options& options, Listener::Open open);
  void StopListening();

  // In the order in which they may be destroyed, backwards: a task that a
  // worker did not run any more still holds a ticket of its tunnel.
  TunnelSurroundings shared_;
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  WorkerPool pool_;
  std::vector<std::unique_ptr<Listener>> listeners_;  // of each tunnel

  Mutex stop_mutex_;  // held for a whole Drain(): a second one waits
  bool started_ ABSL_GUARDED_BY(stop_mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_SIDECAR_H_
