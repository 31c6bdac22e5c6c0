#include "tlsbridge/session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "tlsbridge/session_machine.h"

namespace tlsbridge {

Session::Session(std::unique_ptr<Machine> machine)
    : machine_(std::move(machine)) {}

Session::~Session() = default;

absl::StatusOr<std::unique_ptr<Session>> Session::Client(
    std::shared_ptr<const Context> context, skex::Psk psk) {
  auto machine = std::make_unique<Machine>(std::move(context));
  absl::Status started = machine->Create();
  if (started.ok()) started = machine->StartClient(psk);
  if (!started.ok()) return started;
  return std::unique_ptr<Session>(new Session(std::move(machine)));
}

std::unique_ptr<Session> Session::Server(
    std::shared_ptr<const Context> context) {
  auto machine = std::make_unique<Machine>(std::move(context));
  const absl::Status created = machine->Create();
  if (created.ok()) {
    machine->StartServer();
  } else {
    machine->Fail(created);
  }
  return std::unique_ptr<Session>(new Session(std::move(machine)));
}

SessionState Session::state() const { return machine_->state; }

absl::Status Session::status() const { return machine_->status; }

void Session::Feed(absl::Span<const uint8_t> ciphertext) {
  if (machine_->state == SessionState::kFailed) return;
  machine_->queues.in.Append(ciphertext);
  machine_->Advance();
}

absl::Span<const uint8_t> Session::output() const {
  return machine_->queues.out.view();
}

void Session::ConsumeOutput(size_t size) {
  if (size > 0) machine_->output_touched = true;
  machine_->queues.out.Consume(size);
}

const std::vector<std::string>& Session::offered_identities() const {
  return machine_->offered_identities;
}

void Session::AnswerPsk(absl::StatusOr<skex::Psk> psk) {
  machine_->AdvanceWith(psk);
}

bool Session::psk_accepted() const { return machine_->psk_accepted; }

void Session::Abort() { machine_->Abort(); }

absl::StatusOr<size_t> Session::Read(absl::Span<uint8_t> out) {
  return machine_->Read(out);
}

bool Session::peer_closed() const { return machine_->peer_closed; }

absl::Status Session::Write(absl::Span<const uint8_t> plaintext) {
  return machine_->Write(plaintext);
}

void Session::CloseWrite() {
  if (machine_->state != SessionState::kEstablished || machine_->write_closed) {
    return;
  }
  machine_->write_closed = true;
  ERR_clear_error();
  SSL_shutdown(machine_->ssl.get());
  ERR_clear_error();
}

const SessionInfo& Session::info() const { return machine_->info; }

}  // namespace tlsbridge
