#include "service/sidecar/ticket.h"

#include <cstddef>
#include <utility>

#include "absl/types/optional.h"
#include "service/base/monotonic_time.h"
#include "service/log/log.h"
#include "service/sidecar/psk_identity.h"
#include "service/sidecar/socket_address.h"

namespace service {
namespace {

void Add(std::atomic<uint64_t>& counter, uint64_t amount) {
  counter.fetch_add(amount, std::memory_order_relaxed);
}

void Subtract(std::atomic<uint64_t>& gauge) {
  gauge.fetch_sub(1, std::memory_order_relaxed);
}

std::string TextOf(const absl::optional<InetAddress>& source) {
  return source ? source->ToString() : "unix";
}

// Ends in order are for debugging; what one of the ends did to the other is
// worth a line; what keeps connections from working is a warning. That a source
// has too many was said already, at a limited rate.
LogLevel LevelOf(ConnectionResult result) {
  switch (result) {
    case ConnectionResult::kClosed:
    case ConnectionResult::kAppReset:
    case ConnectionResult::kKeyExchange:
    case ConnectionResult::kSourceLimit:
    case ConnectionResult::kStopped:
      return LogLevel::kDebug;
    case ConnectionResult::kPeerReset:
    case ConnectionResult::kTruncated:
    case ConnectionResult::kHandshakeError:
    case ConnectionResult::kIdle:
    case ConnectionResult::kMaxAge:
      return LogLevel::kInfo;
    default:
      return LogLevel::kWarning;
  }
}

}  // namespace

Ticket::Ticket(std::shared_ptr<Tunnel> tunnel,
               const absl::optional<InetAddress>& source)
    : tunnel_(std::move(tunnel)), source_(source), start_(MonotonicNow()) {
  Add(tunnel_->stats->open, 1);
  Add(tunnel_->stats->handshaking, 1);
  Add(tunnel_->stats->total, 1);
}

Ticket::Ticket(Ticket&& other) noexcept
    : tunnel_(std::move(other.tunnel_)),
      peer_(std::move(other.peer_)),
      source_(other.source_),
      destination_(other.destination_),
      source_counted_(other.source_counted_),
      authenticated_(other.authenticated_),
      start_(other.start_),
      sent_(other.sent_),
      received_(other.received_),
      opening_(other.opening_) {}

Ticket::~Ticket() {
  if (tunnel_ != nullptr) Finish(ConnectionResult::kStopped, "stopped");
}

absl::optional<ProxyAddresses> Ticket::Addresses(int fd) const {
  const absl::optional<InetAddress> destination =
      destination_ ? destination_
                   : InetAddress::Of(SocketAddress::OfSocket(fd));
  if (!source_ || !destination) return absl::nullopt;
  return ProxyAddresses{*source_, *destination};
}

bool Ticket::CountSource() {
  TunnelSurroundings& shared = tunnel_->shared;
  source_counted_ = shared.sources.TryAdd(Source::Of(source_));
  if (!source_counted_ && tunnel_->limit_warnings.TryTake(MonotonicNow())) {
    shared.log.Warning(
        "connection_refused",
        {{"tunnel", tunnel_->name},
         {"source", TextOf(source_)},
         {"detail", "the limit of connections from one source is reached"}});
  }
  return source_counted_;
}

absl::Duration Ticket::age() const { return MonotonicNow() - start_; }

void Ticket::HandshakeOk(const tlsbridge::SessionInfo& info,
                         absl::Duration took) {
  authenticated_ = true;
  TunnelSurroundings& shared = tunnel_->shared;
  Add(tunnel_->stats->handshakes[static_cast<size_t>(HandshakeResult::kOk)], 1);
  if (shared.observer != nullptr) {
    shared.observer->OnHandshake(
        {tunnel_->name, tunnel_->kind, HandshakeResult::kOk, info.form, took});
  }
  if (!shared.log.IsOn(LogLevel::kInfo)) return;
  const bool imported = info.form == skex::PskForm::kImported;
  const PskIdentity identity = PskIdentity::Parse(info.identity);
  const bool known = info.origin.has_value();
  const absl::string_view source =
      known ? skex::KeySourceName(info.origin->source) : "unknown";
  const absl::string_view label =
      known ? skex::KeyLabelName(info.origin->label) : "unknown";
  shared.log.Info("handshake", {{"tunnel", tunnel_->name},
                                {"role", TlsRoleName(tunnel_->kind)},
                                {"peer", peer_},
                                {"tls", info.version},
                                {"psk", imported ? "imported" : "raw"},
                                {"cipher", info.cipher},
                                {"group", info.group},
                                {"key", identity.KeyText()},
                                {"index", identity.IndexText()},
                                {"source", source},
                                {"label", label},
                                {"took", took},
                                {"computing", info.timings.computing}});
}

void Ticket::HandshakeFailed(HandshakeResult result, absl::Duration took) {
  Add(tunnel_->stats->handshakes[static_cast<size_t>(result)], 1);
  if (tunnel_->shared.observer != nullptr) {
    tunnel_->shared.observer->OnHandshake(
        {tunnel_->name, tunnel_->kind, result, absl::nullopt, took});
  }
}

void Ticket::CountRetry() { Add(tunnel_->stats->retries, 1); }

bool Ticket::MayWriteLine(LogLevel level) {
  return tunnel_->shared.log.IsOn(level) &&
         (authenticated_ || tunnel_->failure_lines.TryTake(MonotonicNow()));
}

void Ticket::DoneOpening() {
  if (!std::exchange(opening_, false)) return;
  Subtract(tunnel_->stats->handshaking);
}

void Ticket::CountSent(uint64_t bytes) {
  sent_ += bytes;
  Add(tunnel_->stats->sent_bytes, bytes);
}

void Ticket::CountReceived(uint64_t bytes) {
  received_ += bytes;
  Add(tunnel_->stats->received_bytes, bytes);
}

void Ticket::Finish(ConnectionResult result, absl::string_view detail) {
  DoneOpening();
  const LogLevel level = LevelOf(result);
  const bool writes = MayWriteLine(level);
  const std::shared_ptr<Tunnel> mine = std::move(tunnel_);
  Tunnel& tunnel = *mine;
  Add(tunnel.stats->results[static_cast<size_t>(result)], 1);
  if (writes) {
    tunnel.shared.log.Write(level, "connection",
                            {{"tunnel", tunnel.name},
                             {"peer", peer_},
                             {"source", TextOf(source_)},
                             {"result", ConnectionResultName(result)},
                             {"detail", detail},
                             {"sent", sent_},
                             {"received", received_},
                             {"age", age()}});
  }
  // In this order: whoever sees it gone finds room for another.
  if (source_counted_) tunnel.shared.sources.Remove(Source::Of(source_));
  tunnel.shared.connections.Remove();
  Subtract(tunnel.stats->open);
}

}  // namespace service
