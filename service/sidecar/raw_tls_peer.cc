#include "service/sidecar/raw_tls_peer.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "skex/base/bytes.h"

namespace service {

std::shared_ptr<const tlsbridge::Context> TestTls() {
  static const std::shared_ptr<const tlsbridge::Context> tls =
      tlsbridge::Context::Create({}).value();
  return tls;
}

RawTlsPeer::RawTlsPeer(TestStream stream, skex::Psk psk)
    : RawTlsPeer(
          std::move(stream),
          tlsbridge::Session::Client(TestTls(), std::move(psk)).value()) {}

RawTlsPeer RawTlsPeer::Server(TestStream stream, skex::Psk psk) {
  RawTlsPeer peer(std::move(stream), tlsbridge::Session::Server(TestTls()));
  peer.server_psk_ = std::move(psk);
  return peer;
}

RawTlsPeer::RawTlsPeer(TestStream stream,
                       std::unique_ptr<tlsbridge::Session> session)
    : stream_(std::move(stream)), session_(std::move(session)) {}

bool RawTlsPeer::Flush() {
  const bool sent = stream_.Send(skex::AsText(session_->output()));
  session_->ConsumeOutput(session_->output().size());
  return sent;
}

bool RawTlsPeer::FeedSome(StreamEnd& end) {
  std::array<uint8_t, 16384> buffer;
  const ssize_t got = ::recv(stream_.fd(), buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    end = got == 0              ? StreamEnd::kOrderly
          : errno == ECONNRESET ? StreamEnd::kReset
                                : StreamEnd::kNothingCame;
    return false;
  }
  session_->Feed(absl::MakeConstSpan(buffer).first(static_cast<size_t>(got)));
  return true;
}

absl::Status RawTlsPeer::Handshake() {
  StreamEnd end = StreamEnd::kOrderly;
  while (true) {
    if (session_->state() == tlsbridge::SessionState::kNeedsPsk) {
      session_->AnswerPsk(std::move(server_psk_));
    }
    Flush();
    if (session_->state() == tlsbridge::SessionState::kEstablished) {
      return absl::OkStatus();
    }
    if (session_->state() == tlsbridge::SessionState::kFailed) {
      return session_->status();
    }
    if (!FeedSome(end)) {
      return absl::UnavailableError(end == StreamEnd::kReset ? "reset"
                                                             : "ended");
    }
  }
}

bool RawTlsPeer::Send(absl::string_view plain) {
  return session_->Write(skex::AsBytes(plain)).ok() && Flush();
}

std::string RawTlsPeer::Decrypted() {
  std::string plain;
  std::array<uint8_t, 16384> buffer;
  while (true) {
    const absl::StatusOr<size_t> size = session_->Read(absl::MakeSpan(buffer));
    if (!size.ok() || *size == 0) return plain;
    plain.append(buffer.begin(), buffer.begin() + *size);
  }
}

std::string RawTlsPeer::Read(size_t size) {
  StreamEnd end = StreamEnd::kOrderly;
  std::string plain = Decrypted();
  while (plain.size() < size && FeedSome(end)) plain += Decrypted();
  return plain;
}

StreamRest RawTlsPeer::ReadToEnd() {
  StreamRest rest;
  rest.bytes = Decrypted();
  // Without close_notify even an orderly end of TCP is none of TLS.
  while (!session_->peer_closed()) {
    if (!FeedSome(rest.end)) {
      rest.end = StreamEnd::kReset;
      return rest;
    }
    rest.bytes += Decrypted();
  }
  rest.end = StreamEnd::kOrderly;
  return rest;
}

void RawTlsPeer::CloseWrite() {
  session_->CloseWrite();
  Flush();
}

}  // namespace service
