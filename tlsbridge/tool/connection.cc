#include "tlsbridge/tool/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace tlsbridge::tool {
namespace {

constexpr size_t kChunk = 65536;

// What may wait for a slow peer before input is no longer read.
constexpr size_t kMostOutput = 4 * kChunk;

bool MayRetry() { return errno == EAGAIN || errno == EINTR; }

absl::Status SystemError(absl::string_view doing) {
  return absl::UnavailableError(absl::StrCat(doing, ": ", strerror(errno)));
}

absl::Status WriteToStdout(absl::Span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && !MayRetry()) return SystemError("writing to stdout");
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

Connection::Connection(Socket socket, Session& session, Source source)
    : socket_(std::move(socket)), session_(session), source_(source) {
  fcntl(socket_.fd(), F_SETFL, fcntl(socket_.fd(), F_GETFL) | O_NONBLOCK);
}

absl::Status Connection::Handshake(const Lookup& lookup) {
  for (;;) {
    if (session_.state() == SessionState::kNeedsPsk) {
      session_.AnswerPsk(lookup());
    }
    const absl::Status sent = Send();
    if (session_.state() == SessionState::kFailed) return session_.status();
    if (!sent.ok()) return sent;
    if (session_.state() == SessionState::kEstablished) {
      return absl::OkStatus();
    }
    if (transport_ended_) {
      return absl::UnavailableError("connection ended in the TLS handshake");
    }
    const absl::Status stepped = Step(/*read_input=*/false);
    if (!stepped.ok()) return stepped;
  }
}

absl::Status Connection::Transfer() {
  for (;;) {
    absl::Status done = Deliver();
    if (done.ok()) done = Send();
    if (!done.ok()) return done;
    if (session_.peer_closed()) {
      // There is nobody left to talk to.
      session_.CloseWrite();
      return Send();
    }
    if (transport_ended_) {
      return absl::DataLossError("connection cut: no close_notify came");
    }
    done = Step(source_ == Source::kStdin && !input_ended_ &&
                session_.output().size() < kMostOutput);
    if (!done.ok()) return done;
  }
}

absl::Status Connection::Step(bool read_input) {
  const short wanted =
      static_cast<short>(POLLIN | (session_.output().empty() ? 0 : POLLOUT));
  std::array<pollfd, 2> polled = {
      pollfd{socket_.fd(), wanted, 0},
      pollfd{read_input ? STDIN_FILENO : -1, POLLIN, 0},
  };
  if (poll(polled.data(), polled.size(), -1) < 0) {
    return errno == EINTR ? absl::OkStatus() : SystemError("poll");
  }
  if (polled[0].revents & (POLLIN | POLLHUP | POLLERR)) {
    const absl::Status received = Receive();
    if (!received.ok()) return received;
  }
  return polled[1].revents != 0 ? TakeInput() : absl::OkStatus();
}

absl::Status Connection::Send() {
  while (!session_.output().empty()) {
    const ssize_t sent = send(socket_.fd(), session_.output().data(),
                              session_.output().size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (MayRetry()) return absl::OkStatus();
      // What the peer sent before it went says more than this does.
      const absl::Status error = SystemError("sending");
      transport_ended_ = true;
      Receive().IgnoreError();
      return session_.state() == SessionState::kFailed ? session_.status()
                                                       : error;
    }
    session_.ConsumeOutput(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::Status Connection::Receive() {
  std::array<uint8_t, kChunk> bytes;
  const ssize_t size = recv(socket_.fd(), bytes.data(), bytes.size(), 0);
  if (size > 0) {
    session_.Feed(absl::MakeConstSpan(bytes.data(), static_cast<size_t>(size)));
  } else if (size == 0 || !MayRetry()) {
    // A reset is an end like any other: close_notify decides.
    transport_ended_ = true;
  }
  return absl::OkStatus();
}

absl::Status Connection::Deliver() {
  std::array<uint8_t, kChunk> bytes;
  for (;;) {
    const absl::StatusOr<size_t> size = session_.Read(absl::MakeSpan(bytes));
    if (!size.ok()) {
      Send().IgnoreError();  // the alert
      return size.status();
    }
    if (*size == 0) return absl::OkStatus();
    const auto text = absl::MakeConstSpan(bytes.data(), *size);
    const absl::Status done =
        source_ == Source::kEcho ? session_.Write(text) : WriteToStdout(text);
    if (!done.ok()) return done;
  }
}

absl::Status Connection::TakeInput() {
  std::array<uint8_t, kChunk> bytes;
  const ssize_t size = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (size > 0) {
    return session_.Write(
        absl::MakeConstSpan(bytes.data(), static_cast<size_t>(size)));
  }
  if (size == 0 || !MayRetry()) {
    input_ended_ = true;
    session_.CloseWrite();
  }
  return absl::OkStatus();
}

}  // namespace tlsbridge::tool
