#ifndef TLSBRIDGE_SESSION_MACHINE_H_
#define TLSBRIDGE_SESSION_MACHINE_H_

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "skex/psk/psk.h"
#include "tlsbridge/alert_status.h"
#include "tlsbridge/context_state.h"
#include "tlsbridge/psk_offer.h"
#include "tlsbridge/queue_bio.h"
#include "tlsbridge/session.h"

namespace tlsbridge {

// Machine is a Session without its public face: the connection of BoringSSL
// and what is known about it.
struct Session::Machine final : HandshakeEvents {
  explicit Machine(std::shared_ptr<const Context> context);

  // Makes the connection. RESOURCE_EXHAUSTED if memory runs out.
  absl::Status Create();

  absl::Status StartClient(const skex::Psk& psk);
  void StartServer();

  // Moves the handshake on as far as the bytes in queues.in allow.
  void Advance();
  // The same, after the answer to OnClientHello()'s question.
  void AdvanceWith(const absl::StatusOr<skex::Psk>& psk);
  void Abort();
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out);
  absl::Status Write(absl::Span<const uint8_t> plaintext);

  // HandshakeEvents:
  ssl_select_cert_result_t OnClientHello(
      const SSL_CLIENT_HELLO& hello) override;
  void OnInfo(int type, int value) override;

  // Ends the session, for a reason that BoringSSL has or for `why`.
  void FailWithAlert(absl::string_view doing);
  void Fail(absl::Status why);

  // Notes that the PSK was proven, and what is known of the session.
  void Accept();

  // The clock's time, zero without one.
  absl::Duration Now() const;

  // Keeps a credential for the PSK, or for one that nobody has.
  void Answer(const absl::StatusOr<skex::Psk>& psk);

  // Lets BoringSSL work. It began at `start`, which may be before this call.
  void Step(absl::Duration start);

  // Turns SSL_get_error's answer to `result` into a state.
  void HandleHandshakeResult(int result);

  // Takes new traffic keys when the policy says so, before `records` more.
  bool UpdateKeyBefore(uint64_t records);

  std::shared_ptr<const Context> context;
  QueuePair queues;
  bssl::UniquePtr<SSL> ssl;

  SessionState state = SessionState::kHandshaking;
  absl::Status status;
  AlertsSeen alerts;
  SessionInfo info;
  bool psk_accepted = false;
  bool peer_closed = false;
  bool write_closed = false;

  // Handshake: when the first step began, when the last one ended.
  absl::optional<absl::Duration> began;
  absl::Duration stepped;

  // Whether the caller took bytes since the handshake last made some.
  bool output_touched = false;

  // Records sent under the current key.
  uint64_t records_sent = 0;

  // Server: what the client offers, and what became of the question.
  enum class Question { kOpen, kAsked, kAnswered };
  Question question = Question::kOpen;
  std::vector<PskOffer> offers;
  std::vector<std::string> offered_identities;
  bssl::UniquePtr<SSL_CREDENTIAL> answer;
  absl::Status answer_error;  // the caller's PSK is none
};

}  // namespace tlsbridge

#endif  // TLSBRIDGE_SESSION_MACHINE_H_
