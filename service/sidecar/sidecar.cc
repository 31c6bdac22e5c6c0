#include "service/sidecar/sidecar.h"

#include <sys/resource.h>

#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "service/base/mutex.h"
#include "service/sidecar/inbound_opening.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/outbound_opening.h"

namespace service {
namespace {

// Waits until something has happened a number of times.
class Countdown {
 public:
  explicit Countdown(size_t count) : count_(count) {}

  void Step() {
    MutexLock lock(&mutex_);
    if (--count_ == 0) zero_.Signal();
  }

  void Await() {
    MutexLock lock(&mutex_);
    while (count_ > 0) zero_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar zero_;
  size_t count_ ABSL_GUARDED_BY(mutex_);
};

// Says so if the process may not open the files for limits.connections: two
// sockets each, and a few for everything else.
void CheckFileLimit(const TunnelSurroundings& shared) {
  constexpr uint64_t kOtherFiles = 100;
  const uint64_t wanted = 2 * shared.limits.connections + kOtherFiles;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) {
    return;
  }
  shared.log.Warning("few_files",
                     {{"limit", files.rlim_cur},
                      {"wanted", wanted},
                      {"detail",
                       "the limit of open files is reached before that of "
                       "connections; raise it (ulimit -n, LimitNOFILE)"}});
}

}  // namespace

Sidecar::Sidecar(const SidecarOptions& options, PskProvider& provider,
                 std::shared_ptr<const tlsbridge::Context> tls, Log& log,
                 SidecarObserver* observer, LaneAnswerer* lanes)
    : shared_(provider, std::move(tls), log, observer, lanes, options.limits),
      pool_(options.workers) {}

Sidecar::~Sidecar() { Stop(); }

absl::StatusOr<std::unique_ptr<Sidecar>> Sidecar::Create(
    const SidecarOptions& options, PskProvider& provider,
    std::shared_ptr<const tlsbridge::Context> tls, Log& log,
    SidecarObserver* observer, LaneAnswerer* lanes) {
  std::unique_ptr<Sidecar> sidecar(
      new Sidecar(options, provider, std::move(tls), log, observer, lanes));
  for (const OutboundOptions& outbound : options.outbound) {
    absl::Status status = sidecar->Listen(outbound, &OutboundOpening::Start);
    if (!status.ok()) return status;
  }
  for (const InboundOptions& inbound : options.inbound) {
    absl::Status status = sidecar->Listen(inbound, &InboundOpening::Start);
    if (!status.ok()) return status;
  }
  return sidecar;
}

template <class Options>
absl::Status Sidecar::Listen(const Options& options, Listener::Open open) {
  absl::StatusOr<ListenSocket> socket = ListenSocket::Open(options.listen);
  if (!socket.ok()) return socket.status();
  tunnels_.push_back(std::make_unique<Tunnel>(shared_, options));
  listeners_.push_back(std::make_unique<Listener>(pool_, *tunnels_.back(),
                                                  *std::move(socket), open));
  return listeners_.back()->Start();
}

void Sidecar::Start() {
  MutexLock lock(&stop_mutex_);
  started_ = true;
  CheckFileLimit(shared_);
  pool_.Start();
}

void Sidecar::StopListening() {
  Countdown open(listeners_.size());
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    listener->Stop([&open] { open.Step(); });
  }
  open.Await();
}

size_t Sidecar::Drain(absl::Duration patience) {
  MutexLock lock(&stop_mutex_);
  if (!started_ || std::exchange(stopped_, true)) return 0;
  // First: from then on no listener hands a connection to a worker.
  StopListening();
  pool_.Drain();
  const size_t left = shared_.connections.AwaitNone(absl::Now() + patience);
  pool_.StopAndJoin();
  return left;
}

std::vector<TunnelSnapshot> Sidecar::Tunnels() const {
  std::vector<TunnelSnapshot> all;
  for (size_t i = 0; i < tunnels_.size(); ++i) {
    const Tunnel& tunnel = *tunnels_[i];
    TunnelSnapshot& snapshot = all.emplace_back();
    snapshot.name = tunnel.name;
    snapshot.kind = tunnel.kind;
    snapshot.listen = listeners_[i]->endpoint().ToString();
    snapshot.target = tunnel.target.ToString();
    for (const skex::AgentId& peer : tunnel.peers) {
      snapshot.peers.push_back(peer.text());
    }
    CopyStats(tunnel.stats, snapshot);
  }
  return all;
}

}  // namespace service
