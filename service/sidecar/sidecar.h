#ifndef SERVICE_SIDECAR_SIDECAR_H_
#define SERVICE_SIDECAR_SIDECAR_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/mutex.h"
#include "service/log/log.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/listener.h"
#include "service/sidecar/options.h"
#include "service/sidecar/passed_sockets.h"
#include "service/sidecar/psk_provider.h"
#include "service/sidecar/stats.h"
#include "service/sidecar/tunnel.h"
#include "service/sidecar/worker_pool.h"
#include "tlsbridge/session.h"

namespace service {

// How the tunnels of a sidecar are to become others: made by Sidecar::Plan().
// Holds the sockets that this needs. Move-only.
class TunnelChange {
 private:
  friend class Sidecar;
  struct Item {
    TunnelOptions options;
    std::optional<ListenSocket> socket;  // where none listens yet
  };
  std::vector<Item> items_;  // outbound ones first
};

// What a change has done, in numbers of tunnels.
struct TunnelChanges {
  size_t added = 0;
  size_t changed = 0;
  size_t removed = 0;
};

// Sidecar runs the tunnels of an agent: outbound ones take plain connections
// of local applications and carry them to a peer over PSK-TLS, inbound ones do
// the reverse. No byte of an application ever leaves it unencrypted: a
// connection for which there is no key is refused.
//
// What comes to an inbound tunnel and is no TLS is taken for messages of
// unmediated key establishment, see LaneConnection: so agents need one port.
//
// A tunnel can take a PROXY header off the connections that it accepts, see
// ProxyOpening, and put one before what it forwards.
//
// Thread-safe, but for Start(); each connection lives on one worker thread.
class Sidecar {
 public:
  // Binds the sockets of all tunnels, and accepts nothing yet. `provider`,
  // `log`, `observer` and `lanes` (these two may be null) must outlive the
  // sidecar. Without `lanes` inbound tunnels take nothing but TLS. A tunnel
  // whose socket is among `passed` (may be null) takes that one. Returns
  // ALREADY_EXISTS or UNAVAILABLE with the address and the way out if a tunnel
  // cannot listen; then nothing stays bound.
  static absl::StatusOr<std::unique_ptr<Sidecar>> Create(
      const SidecarOptions& options, PskProvider& provider,
      std::shared_ptr<const tlsbridge::Context> tls, Log& log,
      SidecarObserver* observer, LaneAnswerer* lanes,
      PassedSockets* passed = nullptr);

  // Calls Stop().
  ~Sidecar();
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;

  // Starts the workers; from now on connections are accepted. Once.
  void Start();

  // Prepares that the tunnels become those of `options`, whose limits and
  // workers have no effect: binds the sockets of new ones. A tunnel that
  // listens where one of its kind did takes over its socket. `passed` and the
  // errors are those of Create().
  absl::StatusOr<TunnelChange> Plan(const SidecarOptions& options,
                                    PassedSockets* passed = nullptr) const;

  // Carries out the plan that was made last, if the sidecar runs: no connection
  // comes to a tunnel that is gone any more, and new ones come to what is new
  // or changed. Those that were accepted stay as they are. A tunnel that keeps
  // its kind and name keeps its counters. Blocks until it is done.
  TunnelChanges Apply(TunnelChange change);

  // Stops accepting at once, lets the open connections end by themselves, or at
  // a quiet moment (see Relay), for at most `patience`, then resets the rest
  // and stops. Those that carry lane messages end as soon as none is under way.
  // Blocks. Returns how many connections were left to be reset.
  size_t Drain(absl::Duration patience);

  // Drain() without patience.
  void Stop() { Drain(absl::ZeroDuration()); }

  // Calls `answer` on the thread of a worker once the event loops of all have
  // come round; never if they do not, or the sidecar stops. After Start().
  void Ping(std::function<void()> answer);

  // What each tunnel is and has done, outbound ones first, in the order of the
  // options.
  std::vector<TunnelSnapshot> Tunnels() const;

 private:
  // A tunnel in use.
  struct Served {
    TunnelOptions options;
    std::shared_ptr<Tunnel> tunnel;
    std::shared_ptr<Listener> listener;
  };

  Sidecar(const SidecarOptions& options, PskProvider& provider,
          std::shared_ptr<const tlsbridge::Context> tls, Log& log,
          SidecarObserver* observer, LaneAnswerer* lanes);
  absl::Status Listen(TunnelChange change);
  // Whether a tunnel with `options` can take over the socket of `served`.
  static bool SameListen(const Served& served, const TunnelOptions& options);
  std::shared_ptr<Tunnel> MakeTunnel(const TunnelOptions& options,
                                     std::shared_ptr<TunnelStats> stats);
  // The counters of the tunnel in `served` with the kind and name of `options`;
  // new ones if there is none.
  static std::shared_ptr<TunnelStats> StatsFor(
      const std::vector<Served>& served, const TunnelOptions& options);
  // A new tunnel, whose listener is not started.
  Served Serve(TunnelChange::Item item, std::shared_ptr<TunnelStats> stats);
  std::vector<Served> ServedNow() const;
  void LogListening(const Served& served);
  // While the workers run.
  void StartListening(const Served& served);
  void Retire(const std::vector<Served>& served);
  void StopListening();

  // In the order in which they may be destroyed, backwards: a task that a
  // worker did not run any more still holds a ticket of its tunnel.
  TunnelSurroundings shared_;
  WorkerPool pool_;
  mutable Mutex served_mutex_;  // for moments only
  std::vector<Served> served_ ABSL_GUARDED_BY(served_mutex_);

  // Held for a whole Drain() or Apply(): a second one waits.
  Mutex stop_mutex_ ABSL_ACQUIRED_BEFORE(served_mutex_);
  bool started_ ABSL_GUARDED_BY(stop_mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(stop_mutex_) = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_SIDECAR_H_
