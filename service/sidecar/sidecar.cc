#include "service/sidecar/sidecar.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "service/base/mutex.h"
#include "service/sidecar/inbound_opening.h"
#include "service/sidecar/listen_socket.h"
#include "service/sidecar/outbound_opening.h"
#include "service/sidecar/proxy_opening.h"

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

const Endpoint& ListenOf(const TunnelOptions& options) {
  return std::visit([](const auto& of) -> const Endpoint& { return of.listen; },
                    options);
}

const std::string& NameOf(const TunnelOptions& options) {
  return std::visit(
      [](const auto& of) -> const std::string& { return of.name; }, options);
}

// Opens behind the PROXY header of a connection.
template <Listener::Open open>
void OpenBehindHeader(Worker& worker, Ticket ticket, OwnedFd fd) {
  ProxyOpening::Start(worker, std::move(ticket), std::move(fd), open);
}

template <Listener::Open open>
Listener::Open OpenerOf(bool accept_proxy) {
  return accept_proxy ? &OpenBehindHeader<open> : open;
}

Listener::Open OpenOf(const TunnelOptions& options) {
  if (const auto* outbound = std::get_if<OutboundOptions>(&options)) {
    return OpenerOf<&OutboundOpening::Start>(outbound->accept_proxy);
  }
  return OpenerOf<&InboundOpening::Start>(
      std::get<InboundOptions>(options).accept_proxy);
}

absl::StatusOr<ListenSocket> OpenOrTake(const Endpoint& endpoint,
                                        PassedSockets* passed) {
  if (passed != nullptr) {
    absl::StatusOr<absl::optional<ListenSocket>> taken = passed->Take(endpoint);
    if (!taken.ok()) return taken.status();
    if (taken->has_value()) return **std::move(taken);
  }
  return ListenSocket::Open(endpoint);
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
    SidecarObserver* observer, LaneAnswerer* lanes, PassedSockets* passed) {
  std::unique_ptr<Sidecar> sidecar(
      new Sidecar(options, provider, std::move(tls), log, observer, lanes));
  absl::StatusOr<TunnelChange> change = sidecar->Plan(options, passed);
  if (!change.ok()) return change.status();
  absl::Status status = sidecar->Listen(*std::move(change));
  if (!status.ok()) return status;
  return sidecar;
}

absl::Status Sidecar::Listen(TunnelChange change) {
  MutexLock lock(&served_mutex_);
  for (TunnelChange::Item& item : change.items_) {
    served_.push_back(Serve(std::move(item), std::make_shared<TunnelStats>()));
    absl::Status status = served_.back().listener->Start();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Sidecar::LogListening(const Served& served) {
  shared_.log.Info("listening",
                   {{"what", TunnelKindName(served.tunnel->kind)},
                    {"tunnel", served.tunnel->name},
                    {"address", served.listener->endpoint().ToString()}});
}

void Sidecar::Start() {
  MutexLock lock(&stop_mutex_);
  started_ = true;
  CheckFileLimit(shared_);
  pool_.Start();
  for (const Served& served : ServedNow()) LogListening(served);
}

bool Sidecar::SameListen(const Served& served, const TunnelOptions& options) {
  if (served.options.index() != options.index()) return false;
  const Endpoint& listen = ListenOf(options);
  if (ListenOf(served.options) != listen) return false;
  // The system chooses a port for each.
  const bool any_port = listen.kind == Endpoint::Kind::kTcp && listen.port == 0;
  return !any_port || NameOf(served.options) == NameOf(options);
}

std::shared_ptr<Tunnel> Sidecar::MakeTunnel(
    const TunnelOptions& options, std::shared_ptr<TunnelStats> stats) {
  return std::visit(
      [&](const auto& of) {
        return std::make_shared<Tunnel>(shared_, std::move(stats), of);
      },
      options);
}

Sidecar::Served Sidecar::Serve(TunnelChange::Item item,
                               std::shared_ptr<TunnelStats> stats) {
  auto tunnel = MakeTunnel(item.options, std::move(stats));
  auto listener = std::make_shared<Listener>(
      pool_, tunnel, *std::move(item.socket), OpenOf(item.options));
  return {std::move(item.options), std::move(tunnel), std::move(listener)};
}

std::shared_ptr<TunnelStats> Sidecar::StatsFor(
    const std::vector<Served>& served, const TunnelOptions& options) {
  for (const Served& one : served) {
    if (one.options.index() == options.index() &&
        NameOf(one.options) == NameOf(options)) {
      return one.tunnel->stats;
    }
  }
  return std::make_shared<TunnelStats>();
}

absl::StatusOr<TunnelChange> Sidecar::Plan(const SidecarOptions& options,
                                           PassedSockets* passed) const {
  TunnelChange change;
  for (const OutboundOptions& outbound : options.outbound) {
    change.items_.push_back({outbound, std::nullopt});
  }
  for (const InboundOptions& inbound : options.inbound) {
    change.items_.push_back({inbound, std::nullopt});
  }
  const std::vector<Served> all = ServedNow();
  for (TunnelChange::Item& item : change.items_) {
    if (std::any_of(all.begin(), all.end(), [&](const Served& served) {
          return SameListen(served, item.options);
        })) {
      continue;
    }
    absl::StatusOr<ListenSocket> socket =
        OpenOrTake(ListenOf(item.options), passed);
    if (!socket.ok()) return socket.status();
    item.socket.emplace(*std::move(socket));
  }
  return change;
}

TunnelChanges Sidecar::Apply(TunnelChange change) {
  TunnelChanges done;
  MutexLock lock(&stop_mutex_);
  if (!started_ || stopped_) return done;
  const std::vector<Served> before = ServedNow();
  std::vector<Served> old = before;  // those that are not in `now` yet
  std::vector<Served> now;
  for (TunnelChange::Item& item : change.items_) {
    std::shared_ptr<TunnelStats> stats = StatsFor(before, item.options);
    if (item.socket.has_value()) {
      now.push_back(Serve(std::move(item), std::move(stats)));
      StartListening(now.back());
      ++done.added;
      continue;
    }
    const auto found = std::find_if(
        old.begin(), old.end(),
        [&](const Served& served) { return SameListen(served, item.options); });
    if (found == old.end()) continue;  // an outdated plan
    Served served = *found;
    old.erase(found);
    if (served.options != item.options) {
      served.tunnel = MakeTunnel(item.options, std::move(stats));
      served.options = std::move(item.options);
      Countdown replaced(1);
      served.listener->Serve(served.tunnel, OpenOf(served.options),
                             [&replaced] { replaced.Step(); });
      replaced.Await();
      ++done.changed;
    }
    now.push_back(std::move(served));
  }
  {
    MutexLock served_lock(&served_mutex_);
    served_ = std::move(now);
  }
  done.removed = old.size();
  Retire(old);
  return done;
}

void Sidecar::StartListening(const Served& served) {
  absl::Status status;
  Countdown started(1);
  served.listener->home().Post([&] {
    status = served.listener->Start();
    started.Step();
  });
  started.Await();
  if (status.ok()) {
    LogListening(served);
  } else {
    shared_.log.Error("cannot_listen", {{"tunnel", served.tunnel->name},
                                        {"reason", status.message()}});
  }
}

void Sidecar::Retire(const std::vector<Served>& served) {
  Countdown open(served.size());
  for (const Served& one : served) {
    shared_.log.Info("not_listening",
                     {{"what", TunnelKindName(one.tunnel->kind)},
                      {"tunnel", one.tunnel->name},
                      {"address", one.listener->endpoint().ToString()}});
    Listener::Retire(one.listener, [&open] { open.Step(); });
  }
  open.Await();
}

std::vector<Sidecar::Served> Sidecar::ServedNow() const {
  MutexLock lock(&served_mutex_);
  return served_;
}

void Sidecar::StopListening() {
  const std::vector<Served> all = ServedNow();
  Countdown open(all.size());
  for (const Served& served : all) {
    served.listener->Stop([&open] { open.Step(); });
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

void Sidecar::Ping(std::function<void()> answer) {
  pool_.Ping(std::move(answer));
}

std::vector<TunnelSnapshot> Sidecar::Tunnels() const {
  std::vector<TunnelSnapshot> all;
  for (const Served& served : ServedNow()) {
    const Tunnel& tunnel = *served.tunnel;
    TunnelSnapshot& snapshot = all.emplace_back();
    snapshot.name = tunnel.name;
    snapshot.kind = tunnel.kind;
    snapshot.listen = served.listener->endpoint().ToString();
    snapshot.target = tunnel.target.ToString();
    for (const skex::AgentId& peer : tunnel.peers) {
      snapshot.peers.push_back(peer.text());
    }
    CopyStats(*tunnel.stats, snapshot);
  }
  return all;
}

}  // namespace service
