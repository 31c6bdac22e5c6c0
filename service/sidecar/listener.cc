#include "service/sidecar/listener.h"

#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "asio/error.hpp"
#include "service/base/monotonic_time.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/inet_address.h"
#include "service/sidecar/stream_socket.h"

namespace service {
namespace {

// Connections taken before others on the worker get a turn.
constexpr int kTurns = 16;
// How soon to look again whether a handshake is done.
constexpr absl::Duration kBusyPause = AlarmClock::kTick;
// How soon to try again when the system is out of files or memory.
constexpr absl::Duration kShortagePause = absl::Milliseconds(100);

OwnedFd Accept(int listener, SocketAddress& from) {
  from.size = sizeof(from.storage);
  return OwnedFd(::accept4(listener, reinterpret_cast<sockaddr*>(&from.storage),
                           &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

}  // namespace

Listener::Listener(WorkerPool& pool, std::shared_ptr<Tunnel> tunnel,
                   ListenSocket socket, Open open)
    : pool_(pool),
      home_(pool.Next()),
      tunnel_(std::move(tunnel)),
      socket_(std::move(socket)),
      open_(open),
      descriptor_(home_.io()),
      pause_(home_.clock()) {}

Listener::~Listener() { Close(); }

absl::Status Listener::Start() {
  asio::error_code error;
  descriptor_.assign(socket_.fd(), error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot watch ", endpoint().ToString(), ": ",
                     error.message(), "; raise the limits of the process"));
  }
  // What is accepted inherits it.
  TuneTcp(socket_.fd());
  AwaitReadable();
  return absl::OkStatus();
}

void Listener::Serve(std::shared_ptr<Tunnel> tunnel, Open open,
                     std::function<void()> done) {
  home_.Post([this, tunnel = std::move(tunnel), open,
              done = std::move(done)]() mutable {
    tunnel_ = std::move(tunnel);
    open_ = open;
    done();
  });
}

void Listener::Stop(std::function<void()> stopped) {
  home_.Post([this, stopped = std::move(stopped)] {
    Close();
    stopped();
  });
}

void Listener::Retire(std::shared_ptr<Listener> listener,
                      std::function<void()> stopped) {
  Worker& home = listener->home_;
  home.Post(
      [listener = std::move(listener), stopped = std::move(stopped)]() mutable {
        listener->Close();
        stopped();
        // Behind the event of the wait that Close() has cancelled.
        Worker& home = listener->home_;
        home.Post([listener = std::move(listener)] {});
      });
}

void Listener::Close() {
  closed_ = true;
  pause_.Cancel();
  // Only borrowed: the socket closes it.
  if (descriptor_.is_open()) descriptor_.release();
  socket_.Close();
}

void Listener::AwaitReadable() {
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                         [this](const asio::error_code& error) {
                           if (error || closed_) return;
                           AcceptSome();
                         });
}

void Listener::AcceptSome() {
  for (int turn = 0; turn < kTurns; ++turn) {
    if (!AcceptOne()) return;
  }
  AwaitReadable();
}

bool Listener::AcceptOne() {
  const TunnelStats& stats = *tunnel_->stats;
  if (stats.handshaking.load(std::memory_order_relaxed) >=
      tunnel_->shared.limits.handshakes) {
    Pause(kBusyPause);
    return false;
  }
  SocketAddress from;
  OwnedFd fd = Accept(socket_.fd(), from);
  if (fd.valid()) {
    if (tunnel_->shared.connections.TryAdd()) {
      HandOver(std::move(fd), from);
    } else {
      Refuse(std::move(fd));
    }
    return true;
  }
  switch (errno) {
    case EAGAIN:
      AwaitReadable();
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      Complain("cannot_accept", std::strerror(errno));
      Pause(kShortagePause);
      return false;
    default:
      // The connection broke while it waited.
      return true;
  }
}

void Listener::HandOver(OwnedFd fd, const SocketAddress& from) {
  Ticket ticket(tunnel_, InetAddress::Of(from));
  if (!tunnel_->accept_proxy && !ticket.CountSource()) {
    ticket.Finish(ConnectionResult::kSourceLimit, "");
    StreamSocket(home_.io(), std::move(fd)).Reset();
    return;
  }
  Worker& worker = pool_.Next();
  if (&worker == &home_) {
    open_(worker, std::move(ticket), std::move(fd));
    return;
  }
  worker.Post([open = open_, &worker, ticket = std::move(ticket),
               fd = std::move(fd)]() mutable {
    open(worker, std::move(ticket), std::move(fd));
  });
}

void Listener::Refuse(OwnedFd fd) {
  tunnel_->stats->total.fetch_add(1, std::memory_order_relaxed);
  tunnel_->stats->results[static_cast<size_t>(ConnectionResult::kLimit)]
      .fetch_add(1, std::memory_order_relaxed);
  Complain("connection_refused", "the limit of connections is reached");
  // Last: whoever sees the reset finds it counted.
  StreamSocket(home_.io(), std::move(fd)).Reset();
}

void Listener::Complain(absl::string_view what, absl::string_view why) {
  if (!tunnel_->limit_warnings.TryTake(MonotonicNow())) return;
  tunnel_->shared.log.Warning(what,
                              {{"tunnel", tunnel_->name}, {"detail", why}});
}

void Listener::Pause(absl::Duration delay) {
  pause_.Set(delay, [this] { AcceptSome(); });
}

}  // namespace service
