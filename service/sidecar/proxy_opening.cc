#include "service/sidecar/proxy_opening.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "service/sidecar/stats.h"
#include "service/sidecar/tunnel.h"

namespace service {

void ProxyOpening::Start(Worker& worker, Ticket ticket, OwnedFd fd,
                         Listener::Open next) {
  const auto opening = std::make_shared<ProxyOpening>(worker, std::move(ticket),
                                                      std::move(fd), next);
  worker.Join(opening);
  if (!opening->ended_) opening->Begin();
}

ProxyOpening::ProxyOpening(Worker& worker, Ticket ticket, OwnedFd fd,
                           Listener::Open next)
    : worker_(worker),
      ticket_(std::move(ticket)),
      socket_(worker.io(), std::move(fd)),
      next_(next),
      timeout_(worker.clock()) {}

void ProxyOpening::Stop() {
  if (!ended_) Fail(ConnectionResult::kStopped, "stopped");
}

void ProxyOpening::Begin() {
  timeout_.Set(ticket_.tunnel().shared.limits.handshake_timeout, [this] {
    const std::shared_ptr<ProxyOpening> self = shared_from_this();
    Fail(ConnectionResult::kHandshakeTimeout,
         "no whole PROXY header came in time");
  });
  AwaitBytes();
}

void ProxyOpening::AwaitBytes() {
  socket_.WaitReadable([self = shared_from_this()] {
    if (!self->ended_) self->OnReadable();
  });
}

void ProxyOpening::OnReadable() {
  while (header_.wanted() > 0) {
    const absl::Span<uint8_t> room = worker_.scratch().first(header_.wanted());
    const IoResult got = socket_.Read(room);
    switch (got.state) {
      case IoState::kWouldBlock:
        AwaitBytes();
        return;
      case IoState::kEnd:
        OnCut("closed before its PROXY header was whole");
        return;
      case IoState::kFailed:
        OnCut(std::strerror(got.error));
        return;
      case IoState::kMoved:
        break;
    }
    const absl::Status taken = header_.Take(room.first(got.size));
    if (!taken.ok()) {
      Fail(ConnectionResult::kBadProxyHeader, taken.message());
      return;
    }
  }
  OnHeader();
}

void ProxyOpening::OnHeader() {
  if (header_.addresses()) ticket_.set_addresses(*header_.addresses());
  if (!ticket_.CountSource()) {
    Fail(ConnectionResult::kSourceLimit, "");
    return;
  }
  Worker& worker = worker_;
  Ticket ticket = std::move(ticket_);
  OwnedFd fd = socket_.Release();
  const Listener::Open next = next_;
  Leave();
  next(worker, std::move(ticket), std::move(fd));
}

// As load balancers do that look whether somebody listens: no reason to warn.
void ProxyOpening::OnCut(absl::string_view why) {
  Fail(ticket_.tunnel().kind == TunnelKind::kOutbound
           ? ConnectionResult::kAppReset
           : ConnectionResult::kHandshakeError,
       why);
}

void ProxyOpening::Fail(ConnectionResult result, absl::string_view detail) {
  socket_.Reset();
  ticket_.Finish(result, detail);
  Leave();
}

void ProxyOpening::Leave() {
  ended_ = true;
  timeout_.Cancel();
  worker_.Leave(this);
}

}  // namespace service
