#include "tlsbridge/session_pair.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "skex/base/bytes.h"
#include "skex/base/secret.h"

namespace tlsbridge {
namespace {

// A broken invariant of the test itself.
void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::abort();
}

size_t MoveBytes(Session& from, Session& to, size_t piece) {
  const std::string bytes(skex::AsText(from.output()));
  from.ConsumeOutput(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min(piece, bytes.size() - at);
    to.Feed(skex::AsBytes(absl::string_view(bytes).substr(at, size)));
    at += size;
  }
  return bytes.size();
}

std::shared_ptr<const Context> MakeContext(const Policy& policy) {
  absl::StatusOr<std::shared_ptr<const Context>> context =
      Context::Create(policy);
  Require(context.status());
  return *std::move(context);
}

}  // namespace

skex::Psk TestPsk(skex::PskForm form, skex::PskHash hash, char fill) {
  skex::Psk psk;
  psk.secret = skex::Secret::CopyOf(skex::AsBytes(std::string(32, fill)));
  psk.identity = "id";
  if (form == skex::PskForm::kImported) psk.context = "client|server";
  psk.form = form;
  psk.hash = hash;
  return psk;
}

bool HasSkexExtensions() {
  Policy exact;
  exact.cipher = Cipher::kAes128Gcm;
  return Context::Create(exact).ok();
}

SessionPair::SessionPair(const Policy& policy) : SessionPair(policy, policy) {}

SessionPair::SessionPair(const Policy& client_policy,
                         const Policy& server_policy)
    : client_context(MakeContext(client_policy)),
      server_context(MakeContext(server_policy)) {}

void SessionPair::Start(skex::Psk psk) {
  absl::StatusOr<std::unique_ptr<Session>> made =
      Session::Client(client_context, std::move(psk));
  Require(made.status());
  client = *std::move(made);
  server = Session::Server(server_context);
}

size_t SessionPair::ClientToServer(size_t piece) {
  return MoveBytes(*client, *server, piece);
}

size_t SessionPair::ServerToClient(size_t piece) {
  return MoveBytes(*server, *client, piece);
}

void SessionPair::Move(size_t piece) {
  while (ClientToServer(piece) + ServerToClient(piece) > 0) {
  }
}

void SessionPair::Run(absl::StatusOr<skex::Psk> answer, size_t piece) {
  Move(piece);
  if (server->state() == SessionState::kNeedsPsk) {
    server->AnswerPsk(std::move(answer));
    Move(piece);
  }
}

bool SessionPair::established() const {
  return client->state() == SessionState::kEstablished &&
         server->state() == SessionState::kEstablished;
}

std::string ReadAll(Session& session) {
  std::string all;
  std::vector<uint8_t> buffer(50000);
  for (;;) {
    const absl::StatusOr<size_t> got = session.Read(absl::MakeSpan(buffer));
    Require(got.status());
    if (*got == 0) return all;
    all.append(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*got));
  }
}

void WriteText(Session& session, absl::string_view text) {
  Require(session.Write(skex::AsBytes(text)));
}

}  // namespace tlsbridge
