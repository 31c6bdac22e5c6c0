#include "service/sidecar/inbound_opening.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/base/monotonic_time.h"
#include "service/sidecar/lane_connection.h"
#include "service/sidecar/proxy_header.h"
#include "service/sidecar/relay.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

// What the record that begins a TLS connection begins with: RFC 8446, 5.1.
constexpr uint8_t kHandshakeRecord = 0x16;

}  // namespace

void InboundOpening::Start(Worker& worker, Ticket ticket, OwnedFd peer) {
  const auto opening = std::make_shared<InboundOpening>(
      worker, std::move(ticket), std::move(peer));
  worker.Join(opening);
  if (!opening->ended_) opening->Begin();
}

InboundOpening::InboundOpening(Worker& worker, Ticket ticket, OwnedFd peer)
    : worker_(worker),
      ticket_(std::move(ticket)),
      peer_(worker.io(), std::move(peer)),
      dialer_(worker),
      timeout_(worker.clock()),
      backend_(worker.io()),
      start_(MonotonicNow()) {}

void InboundOpening::Stop() {
  if (!ended_) Fail(ConnectionResult::kStopped, "stopped");
}

// ---- Handshake

void InboundOpening::Begin() {
  timeout_.Set(shared().limits.handshake_timeout, [this] {
    const std::shared_ptr<InboundOpening> self = shared_from_this();
    FailHandshake(HandshakeResult::kTimeout,
                  ConnectionResult::kHandshakeTimeout,
                  "the peer did not finish the handshake in time");
  });
  AwaitPeer();
}

void InboundOpening::AwaitPeer() {
  peer().WaitReadable([self = shared_from_this()] {
    if (!self->ended_) self->OnReadable();
  });
}

void InboundOpening::OnReadable() {
  const absl::Span<uint8_t> scratch = worker_.scratch();
  const IoResult got = peer().Read(scratch);
  switch (got.state) {
    case IoState::kMoved:
      OnBytes(scratch.first(got.size));
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

void InboundOpening::OnBytes(absl::Span<const uint8_t> bytes) {
  if (!tls_) {
    if (bytes.front() != kHandshakeRecord && TakesLaneMessages()) {
      BecomeLaneConnection(bytes);
      return;
    }
    tls_.emplace(std::move(peer_), tlsbridge::Session::Server(shared().tls));
  }
  tls_->session().Feed(bytes);
  Step();
}

bool InboundOpening::TakesLaneMessages() const {
  return shared().lanes != nullptr && shared().lanes->HasLanes();
}

void InboundOpening::BecomeLaneConnection(absl::Span<const uint8_t> first) {
  Worker& worker = worker_;
  Ticket ticket = std::move(ticket_);
  StreamSocket peer = std::move(peer_);
  Leave();
  LaneConnection::Start(worker, std::move(ticket), std::move(peer), first,
                        start_);
}

void InboundOpening::Step() {
  tlsbridge::Session& session = tls_->session();
  while (session.state() == tlsbridge::SessionState::kNeedsPsk) {
    session.AnswerPsk(FindPsk());
  }
  if (session.psk_accepted() && !marked_ && !MarkUsed()) return;
  if (session.state() == tlsbridge::SessionState::kFailed) {
    OnSessionFailed();
    return;
  }
  const IoResult sent = tls_->Flush();
  if (session.state() == tlsbridge::SessionState::kEstablished) {
    OnEstablished();
  } else if (sent.state == IoState::kWouldBlock) {
    tls_->socket().WaitWritable([self = shared_from_this()] {
      if (!self->ended_) self->Step();
    });
  } else {
    // Reading tells what is wrong with a broken connection.
    AwaitPeer();
  }
}

absl::StatusOr<skex::Psk> InboundOpening::FindPsk() {
  const std::vector<std::string>& offered =
      tls_->session().offered_identities();
  const std::vector<skex::AgentId>& allowed = ticket_.tunnel().peers;
  refusal_ = ConnectionResult::kUnknownIdentity;
  for (size_t i = 0; i < std::min(offered.size(), kMaxIdentities); ++i) {
    absl::StatusOr<FoundPsk> found = shared().provider.Find(offered[i]);
    if (!found.ok()) continue;
    ticket_.set_peer(found->peer.text());
    if (std::find(allowed.begin(), allowed.end(), found->peer) ==
        allowed.end()) {
      refusal_ = ConnectionResult::kNotAllowed;
      continue;
    }
    refusal_ = ConnectionResult::kRefused;
    return std::move(found->psk);
  }
  return absl::NotFoundError("no acceptable identity");
}

bool InboundOpening::MarkUsed() {
  marked_ = true;
  const absl::Status used =
      shared().provider.Accept(tls_->session().info().identity);
  if (used.ok()) {
    dialer_.Start(ticket_.tunnel().target, shared().limits.connect_timeout,
                  weak_from_this(),
                  [this](absl::StatusOr<StreamSocket> backend) {
                    OnBackend(std::move(backend));
                  });
    return true;
  }
  tls_->session().Abort();
  FailHandshake(HandshakeResult::kRefused,
                absl::IsAlreadyExists(used) ? ConnectionResult::kReplayed
                                            : ConnectionResult::kRefused,
                used.message());
  return false;
}

void InboundOpening::OnSessionFailed() {
  const absl::Status why = tls_->session().status();
  if (absl::IsUnauthenticated(why)) {
    FailHandshake(HandshakeResult::kRefused, refusal_, why.message());
  } else {
    FailHandshake(HandshakeResult::kError, ConnectionResult::kHandshakeError,
                  why.message());
  }
}

void InboundOpening::OnEstablished() {
  established_ = true;
  timeout_.Cancel();
  ticket_.HandshakeOk(tls_->session().info(), MonotonicNow() - start_);
  ticket_.DoneOpening();
  RelayIfReady();
}

// ---- Backend

void InboundOpening::OnBackend(absl::StatusOr<StreamSocket> backend) {
  if (!backend.ok()) {
    // No alert: to the peer it would say that its PSK was refused.
    tls_->socket().Reset();
    Fail(ConnectionResult::kBackendDown, backend.status().message());
    return;
  }
  backend_ = *std::move(backend);
  RelayIfReady();
}

void InboundOpening::RelayIfReady() {
  if (!established_ || !backend_.is_open()) return;
  if (!ticket_.tunnel().send_proxy) {
    StartRelay();
    return;
  }
  header_ = ProxyHeader();
  timeout_.Set(shared().limits.connect_timeout, [this] {
    const std::shared_ptr<InboundOpening> self = shared_from_this();
    Fail(ConnectionResult::kBackendDown,
         "the backend did not take the PROXY header in time");
  });
  SendProxyHeader();
}

std::string InboundOpening::ProxyHeader() {
  const absl::optional<ProxyAddresses> addresses =
      ticket_.Addresses(tls_->socket().fd());
  // Not seen: what carries TLS is TCP.
  if (!addresses) return EncodeLocalProxyHeader();
  const tlsbridge::SessionInfo& info = tls_->session().info();
  const ProxyTls shown = {info.version, ticket_.peer(), info.cipher};
  return EncodeProxyHeader(*addresses, &shown);
}

void InboundOpening::SendProxyHeader() {
  while (!header_.empty()) {
    const IoResult sent = backend_.Write(skex::AsBytes(header_));
    switch (sent.state) {
      case IoState::kMoved:
        header_.erase(0, sent.size);
        break;
      case IoState::kWouldBlock:
        backend_.WaitWritable([self = shared_from_this()] {
          if (!self->ended_) self->SendProxyHeader();
        });
        return;
      default:
        Fail(ConnectionResult::kBackendDown,
             absl::StrCat("backend: ", std::strerror(sent.error)));
        return;
    }
  }
  StartRelay();
}

void InboundOpening::StartRelay() {
  Worker& worker = worker_;
  Ticket ticket = std::move(ticket_);
  StreamSocket backend = std::move(backend_);
  SecureSocket tls = *std::move(tls_);
  Leave();
  Relay::Start(worker, std::move(ticket), std::move(backend), std::move(tls));
}

// ---- Ends

void InboundOpening::FailHandshake(HandshakeResult result,
                                   ConnectionResult connection,
                                   absl::string_view detail) {
  ticket_.HandshakeFailed(result, MonotonicNow() - start_);
  if (result == HandshakeResult::kTimeout) {
    peer().Reset();
  } else {
    // The alert; closing in order delivers it.
    if (tls_) tls_->Flush();
    peer().Close();
  }
  Fail(connection, detail);
}

void InboundOpening::Fail(ConnectionResult result, absl::string_view detail) {
  peer().Reset();
  backend_.Reset();
  ticket_.Finish(result, detail);
  Leave();
}

void InboundOpening::Leave() {
  ended_ = true;
  timeout_.Cancel();
  dialer_.Cancel();
  worker_.Leave(this);
}

}  // namespace service
