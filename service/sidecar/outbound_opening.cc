#include "service/sidecar/outbound_opening.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/monotonic_time.h"
#include "service/sidecar/proxy_header.h"
#include "service/sidecar/psk_identity.h"
#include "service/sidecar/relay.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::Duration kKeyPoll = AlarmClock::kTick;

}  // namespace

void OutboundOpening::Start(Worker& worker, Ticket ticket, OwnedFd app) {
  const auto opening = std::make_shared<OutboundOpening>(
      worker, std::move(ticket), std::move(app));
  worker.Join(opening);
  if (!opening->ended_) opening->Dial();
}

OutboundOpening::OutboundOpening(Worker& worker, Ticket ticket, OwnedFd app)
    : worker_(worker),
      ticket_(std::move(ticket)),
      app_(worker.io(), std::move(app)),
      dialer_(worker),
      alarm_(worker.clock()),
      remote_(worker.io()) {
  ticket_.set_peer(peer().text());
}

void OutboundOpening::Stop() {
  if (!ended_) Fail(ConnectionResult::kStopped, "stopped");
}

// ---- Dialling

void OutboundOpening::Dial() {
  ++attempt_;
  dialer_.Start(ticket_.tunnel().target, shared().limits.connect_timeout,
                weak_from_this(), [this](absl::StatusOr<StreamSocket> socket) {
                  OnDialed(std::move(socket));
                });
}

void OutboundOpening::OnDialed(absl::StatusOr<StreamSocket> socket) {
  if (!socket.ok()) {
    Fail(ConnectionResult::kUnreachable, socket.status().message());
    return;
  }
  remote_ = *std::move(socket);
  if (psk_) {
    StartHandshake(*std::exchange(psk_, absl::nullopt));
  } else {
    TakeKey();
  }
}

// ---- Taking a PSK

void OutboundOpening::TakeKey() {
  absl::StatusOr<skex::Psk> psk = shared().provider.Take(peer());
  if (absl::IsUnavailable(psk.status())) {
    AwaitKey(psk.status().message());
    return;
  }
  if (!psk.ok()) {
    Fail(ConnectionResult::kNoKey, psk.status().message());
    return;
  }
  if (WasRefused(psk->identity)) {
    AwaitKey("the peer refused the key, and there is no other one");
    return;
  }
  if (remote_.is_open()) {
    StartHandshake(*std::move(psk));
    return;
  }
  psk_ = *std::move(psk);
  Dial();
}

void OutboundOpening::AwaitKey(absl::string_view why_not) {
  const absl::Duration now = MonotonicNow();
  if (!key_deadline_) key_deadline_ = now + shared().limits.key_wait;
  if (now >= *key_deadline_) {
    Fail(refused_.empty() ? ConnectionResult::kNoKey
                          : ConnectionResult::kRefused,
         why_not);
    return;
  }
  alarm_.Set(kKeyPoll, [this] {
    const std::shared_ptr<OutboundOpening> self = shared_from_this();
    TakeKey();
  });
}

bool OutboundOpening::WasRefused(absl::string_view identity) const {
  const absl::optional<skex::KeyId> key = PskIdentity::Parse(identity).key;
  return key &&
         std::find(refused_.begin(), refused_.end(), *key) != refused_.end();
}

// ---- Handshake

void OutboundOpening::StartHandshake(skex::Psk psk) {
  identity_ = psk.identity;
  handshake_start_ = MonotonicNow();
  absl::StatusOr<std::unique_ptr<tlsbridge::Session>> session =
      tlsbridge::Session::Client(shared().tls, std::move(psk));
  if (!session.ok()) {
    FailHandshake(HandshakeResult::kError, ConnectionResult::kHandshakeError,
                  session.status().message());
    return;
  }
  tls_.emplace(std::exchange(remote_, StreamSocket(worker_.io())),
               *std::move(session));
  alarm_.Set(shared().limits.handshake_timeout, [this] {
    const std::shared_ptr<OutboundOpening> self = shared_from_this();
    FailHandshake(HandshakeResult::kTimeout,
                  ConnectionResult::kHandshakeTimeout,
                  "the peer did not answer in time");
  });
  Step();
}

void OutboundOpening::Step() {
  switch (tls_->session().state()) {
    case tlsbridge::SessionState::kEstablished:
      // What is left to send goes out with the app's first bytes.
      OnEstablished();
      return;
    case tlsbridge::SessionState::kFailed:
      OnSessionFailed();
      return;
    default:
      break;
  }
  const IoResult sent = tls_->Flush();
  // A broken connection may still have an alert to read: reading tells.
  if (sent.state != IoState::kWouldBlock) {
    AwaitPeer();
    return;
  }
  tls_->socket().WaitWritable([self = shared_from_this(), attempt = attempt_] {
    if (!self->ended_ && self->attempt_ == attempt) self->Step();
  });
}

void OutboundOpening::AwaitPeer() {
  tls_->socket().WaitReadable([self = shared_from_this(), attempt = attempt_] {
    if (!self->ended_ && self->attempt_ == attempt) self->OnReadable();
  });
}

void OutboundOpening::OnReadable() {
  const IoResult got = tls_->Receive(worker_.scratch());
  switch (got.state) {
    case IoState::kMoved:
      Step();
      return;
    case IoState::kWouldBlock:
      AwaitPeer();
      return;
    case IoState::kEnd:
      FailHandshake(HandshakeResult::kError, ConnectionResult::kHandshakeError,
                    "the peer closed during the handshake");
      return;
    case IoState::kFailed:
      FailHandshake(HandshakeResult::kError, ConnectionResult::kHandshakeError,
                    absl::StrCat("peer: ", std::strerror(got.error)));
      return;
  }
}

void OutboundOpening::OnSessionFailed() {
  const absl::Status why = tls_->session().status();
  // The alert, if there is one to send.
  tls_->Flush();
  if (absl::IsUnauthenticated(why)) {
    OnRefused(why.message());
  } else {
    FailHandshake(HandshakeResult::kError, ConnectionResult::kHandshakeError,
                  why.message());
  }
}

void OutboundOpening::OnRefused(absl::string_view why) {
  shared().provider.ReportRefused(peer(), identity_);
  if (attempt_ >= kMaxAttempts ||
      !ticket_.tunnel().retries.TryTake(MonotonicNow())) {
    FailHandshake(HandshakeResult::kRefused, ConnectionResult::kRefused, why);
    return;
  }
  const PskIdentity identity = PskIdentity::Parse(identity_);
  ticket_.HandshakeFailed(HandshakeResult::kRefused,
                          MonotonicNow() - handshake_start_);
  ticket_.CountRetry();
  if (ticket_.MayWriteLine(LogLevel::kInfo)) {
    shared().log.Info("handshake_refused", {{"tunnel", ticket_.tunnel().name},
                                            {"peer", peer().text()},
                                            {"key", identity.KeyText()},
                                            {"detail", why}});
  }
  if (identity.key) refused_.push_back(*identity.key);
  alarm_.Cancel();
  tls_->socket().Close();
  tls_.reset();
  key_deadline_.reset();
  TakeKey();
}

void OutboundOpening::OnEstablished() {
  ticket_.HandshakeOk(tls_->session().info(),
                      MonotonicNow() - handshake_start_);
  ticket_.DoneOpening();
  if (ticket_.tunnel().send_proxy) {
    const absl::Status written =
        tls_->session().Write(skex::AsBytes(ProxyHeader()));
    if (!written.ok()) {
      Fail(ConnectionResult::kTlsError, written.message());
      return;
    }
  }
  Worker& worker = worker_;
  Ticket ticket = std::move(ticket_);
  StreamSocket app = std::move(app_);
  SecureSocket tls = *std::move(tls_);
  Leave();
  Relay::Start(worker, std::move(ticket), std::move(app), std::move(tls));
}

// No word of TLS: the app has spoken plain text. One at a Unix socket has no
// address that means anything elsewhere.
std::string OutboundOpening::ProxyHeader() {
  const absl::optional<ProxyAddresses> addresses = ticket_.Addresses(app_.fd());
  return addresses ? EncodeProxyHeader(*addresses, nullptr)
                   : EncodeLocalProxyHeader();
}

// ---- Ends

void OutboundOpening::FailHandshake(HandshakeResult result,
                                    ConnectionResult connection,
                                    absl::string_view detail) {
  ticket_.HandshakeFailed(result, MonotonicNow() - handshake_start_);
  Fail(connection, detail);
}

void OutboundOpening::Fail(ConnectionResult result, absl::string_view detail) {
  app_.Reset();
  remote_.Close();
  if (tls_) tls_->socket().Close();
  ticket_.Finish(result, detail);
  Leave();
}

void OutboundOpening::Leave() {
  ended_ = true;
  alarm_.Cancel();
  dialer_.Cancel();
  worker_.Leave(this);
}

}  // namespace service
