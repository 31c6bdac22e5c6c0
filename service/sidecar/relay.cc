#include "service/sidecar/relay.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/base/monotonic_time.h"
#include "service/sidecar/stats.h"
#include "service/sidecar/tunnel.h"

namespace service {
namespace {

// Reads from one side before the other connections of the worker get a turn.
constexpr int kTurns = 8;

// Unsent output with which we still listen to the peer: what it sends may cause
// more (key updates).
constexpr size_t kMaxUnsent = kReadSize;

}  // namespace

void Relay::Start(Worker& worker, Ticket ticket, StreamSocket app,
                  SecureSocket tls) {
  const auto relay = std::make_shared<Relay>(worker, std::move(ticket),
                                             std::move(app), std::move(tls));
  worker.Join(relay);
  if (relay->ended_) return;
  if (relay->idle_timeout_ > absl::ZeroDuration()) {
    relay->WatchIdle(relay->idle_timeout_);
  }
  relay->WatchAge();
  relay->StartSending();
  if (!relay->ended_) relay->Receive();
}

Relay::Relay(Worker& worker, Ticket ticket, StreamSocket app, SecureSocket tls)
    : worker_(worker),
      ticket_(std::move(ticket)),
      app_(std::move(app)),
      tls_(std::move(tls)),
      retire_(worker.clock()),
      idle_timeout_(ticket_.tunnel().shared.limits.idle_timeout),
      last_moved_(MonotonicNow()),
      idle_(worker.clock()) {}

void Relay::Drain() {
  // What has not ended when the drain is over is stopped.
  if (!ended_) Retire(Retiring::kDraining, absl::InfiniteDuration());
}

void Relay::Stop() {
  if (!ended_) Break(ConnectionResult::kStopped, "stopped");
}

// ---- App to peer

void Relay::StartSending() {
  if (ticket_.tunnel().kind == TunnelKind::kInbound) {
    // The backend was connected to just now: it has hardly sent anything.
    AwaitAppReadable();
  } else {
    Send();
  }
}

void Relay::Send() {
  for (int turn = 0; turn < kTurns; ++turn) {
    if (!SendOnce()) return;
  }
  AwaitAppReadable();
}

bool Relay::SendOnce() {
  // The first bytes of the app may be here already: then they go out together
  // with the end of the handshake.
  if (!std::exchange(first_send_, false) && !FlushTls()) return false;
  if (to_peer_ != Direction::kOpen) {
    EndIfDone();
    RefuseMoreOfApp();
    return false;
  }
  const absl::Span<uint8_t> scratch = worker_.scratch();
  const IoResult got = app_.Read(scratch);
  switch (got.state) {
    case IoState::kWouldBlock:
      if (FlushTls()) AwaitAppReadable();
      return false;
    case IoState::kEnd:
      OnAppEnd();
      return false;
    case IoState::kFailed:
      BreakApp(got.error);
      return false;
    case IoState::kMoved:
      break;
  }
  if (!Encrypt(scratch.first(got.size))) return false;
  if (got.size == scratch.size()) return true;
  // It gave less than it was asked for: it has no more now.
  AwaitAppReadable();
  return false;
}

bool Relay::Encrypt(absl::Span<const uint8_t> plain) {
  ticket_.CountSent(plain.size());
  // What the socket does not take waits encrypted: nothing else may keep the
  // bytes that are in the scratch buffer.
  const absl::Status written = tls_.session().Write(plain);
  if (!written.ok()) {
    Break(ConnectionResult::kTlsError, written.message());
    return false;
  }
  return FlushTls();
}

bool Relay::FlushTls() {
  const bool ending = to_peer_ == Direction::kEnding;
  const IoResult sent = tls_.Flush(ending ? Next::kEnd : Next::kUnknown);
  switch (sent.state) {
    case IoState::kMoved:
      if (ending) {
        to_peer_ = Direction::kEnded;
        // With both directions at their end closing says it, in EndIfDone().
        if (to_app_ != Direction::kEnded) tls_.socket().ShutdownWrite();
      }
      return true;
    case IoState::kWouldBlock:
      AwaitTlsWritable();
      return false;
    default:
      BreakPeer(sent.error);
      return false;
  }
}

void Relay::OnAppEnd() {
  to_peer_ = Direction::kEnding;
  tls_.session().CloseWrite();
  if (FlushTls()) EndIfDone();
}

// ---- Peer to app

void Relay::Receive() {
  if (!DeliverHeld()) return;
  for (int turn = 0; turn < kTurns; ++turn) {
    if (!DeliverAll() || !AnswerPeer()) return;
    if (std::exchange(tls_drained_, false)) {
      AwaitTlsReadable();
      return;
    }
    if (!ReadTls()) return;
  }
  // What was read last is still in the session, where no event tells of it.
  awaits_tls_readable_ = true;
  worker_.Post([self = shared_from_this()] {
    self->awaits_tls_readable_ = false;
    if (self->ended_) return;
    self->Moved();
    self->Receive();
  });
}

bool Relay::DeliverAll() {
  while (Deliver()) {
    if (ended_ || !held_.empty()) return false;
  }
  if (tls_.session().state() == tlsbridge::SessionState::kFailed) {
    SessionFailed();
    return false;
  }
  if (!tls_.session().peer_closed()) return true;
  OnPeerEnd();
  return false;
}

bool Relay::AnswerPeer() {
  if (tls_.session().output().empty()) return true;
  if (FlushTls()) {
    EndIfDone();
    return !ended_;
  }
  // Once it is sent, we listen again.
  return !ended_ && tls_.session().output().size() <= kMaxUnsent;
}

bool Relay::ReadTls() {
  const absl::Span<uint8_t> scratch = worker_.scratch();
  const IoResult got = tls_.Receive(scratch);
  switch (got.state) {
    case IoState::kMoved:
      // A socket that gave less than it was asked for has no more now.
      tls_drained_ = got.size < scratch.size();
      return true;
    case IoState::kWouldBlock:
      AwaitTlsReadable();
      return false;
    case IoState::kEnd:
      Break(ConnectionResult::kTruncated, "the peer's end came unannounced");
      return false;
    case IoState::kFailed:
      BreakPeer(got.error);
      return false;
  }
  return false;
}

bool Relay::Deliver() {
  const absl::Span<uint8_t> scratch = worker_.scratch();
  const absl::StatusOr<size_t> size = tls_.session().Read(scratch);
  // A failed session is looked at by the caller, as one that got an alert is.
  if (!size.ok() || *size == 0) return false;
  ticket_.CountReceived(*size);
  const IoResult sent = app_.Write(scratch.first(*size));
  if (sent.state == IoState::kFailed) {
    if (to_app_ == Direction::kEnded) {
      CutSinceItWentOn();
    } else {
      BreakApp(sent.error);
    }
    return true;
  }
  if (sent.size < *size) {
    held_.assign(scratch.begin() + sent.size, scratch.begin() + *size);
    held_sent_ = 0;
    AwaitAppWritable();
  }
  return true;
}

bool Relay::DeliverHeld() {
  while (held_sent_ < held_.size()) {
    const IoResult sent =
        app_.Write(absl::MakeConstSpan(held_).subspan(held_sent_));
    if (sent.state == IoState::kWouldBlock) {
      AwaitAppWritable();
      return false;
    }
    if (sent.state == IoState::kFailed) {
      BreakApp(sent.error);
      return false;
    }
    held_sent_ += sent.size;
  }
  // Gives the memory back; clear() would keep it.
  std::vector<uint8_t>().swap(held_);
  held_sent_ = 0;
  return true;
}

void Relay::OnPeerEnd() {
  if (to_app_ == Direction::kEnded) return;
  to_app_ = Direction::kEnded;
  if (to_peer_ != Direction::kEnded) app_.ShutdownWrite();
  EndIfDone();
}

// ---- Waiting

void Relay::AwaitAppReadable() {
  if (std::exchange(awaits_app_readable_, true)) return;
  app_.WaitReadable([self = shared_from_this()] {
    self->awaits_app_readable_ = false;
    if (self->ended_) return;
    self->Moved();
    self->Send();
  });
}

void Relay::AwaitTlsWritable() {
  if (std::exchange(awaits_tls_writable_, true)) return;
  tls_.socket().WaitWritable([self = shared_from_this()] {
    self->awaits_tls_writable_ = false;
    if (self->ended_) return;
    self->Moved();
    self->Send();
    // It may have stopped listening to the peer because of what is unsent.
    if (!self->ended_ && !self->awaits_tls_readable_) self->Receive();
  });
}

void Relay::AwaitTlsReadable() {
  if (std::exchange(awaits_tls_readable_, true)) return;
  tls_.socket().WaitReadable([self = shared_from_this()] {
    self->awaits_tls_readable_ = false;
    if (self->ended_) return;
    self->Moved();
    self->Receive();
  });
}

void Relay::AwaitAppWritable() {
  if (std::exchange(awaits_app_writable_, true)) return;
  app_.WaitWritable([self = shared_from_this()] {
    self->awaits_app_writable_ = false;
    if (self->ended_) return;
    self->Moved();
    self->Receive();
  });
}

void Relay::Moved() {
  moved_ = true;
  if (idle_timeout_ > absl::ZeroDuration()) last_moved_ = MonotonicNow();
}

void Relay::WatchIdle(absl::Duration delay) {
  idle_.Set(delay, [this] {
    const std::shared_ptr<Relay> self = shared_from_this();
    const absl::Duration left = last_moved_ + idle_timeout_ - MonotonicNow();
    if (left > absl::ZeroDuration()) {
      WatchIdle(left);
    } else {
      Break(ConnectionResult::kIdle, "nothing moved for idle_timeout");
    }
  });
}

// ---- Ends

void Relay::SessionFailed() {
  const std::string why(tls_.session().status().message());
  // The alert, if the socket takes it now.
  tls_.Flush();
  Break(ConnectionResult::kTlsError, why);
}

void Relay::EndIfDone() {
  if (ended_ || to_peer_ != Direction::kEnded || to_app_ != Direction::kEnded) {
    return;
  }
  app_.Close();
  tls_.socket().Close();
  if (!retired_) {
    Leave(ConnectionResult::kClosed, "");
  } else if (retiring_ == Retiring::kTooOld) {
    Leave(ConnectionResult::kMaxAge, "older than max_age");
  } else {
    Leave(ConnectionResult::kClosed, "drained");
  }
}

void Relay::BreakApp(int error) {
  Break(ConnectionResult::kAppReset,
        absl::StrCat("app: ", std::strerror(error)));
}

void Relay::BreakPeer(int error) {
  Break(ConnectionResult::kPeerReset,
        absl::StrCat("peer: ", std::strerror(error)));
}

void Relay::Break(ConnectionResult result, absl::string_view detail) {
  if (ended_) return;
  app_.Reset();
  tls_.socket().Reset();
  Leave(result, detail);
}

void Relay::Leave(ConnectionResult result, absl::string_view detail) {
  ended_ = true;
  idle_.Cancel();
  retire_.Cancel();
  ticket_.Finish(result, detail);
  worker_.Leave(this);
}

}  // namespace service
