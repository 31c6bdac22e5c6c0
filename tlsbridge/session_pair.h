#ifndef TLSBRIDGE_SESSION_PAIR_H_
#define TLSBRIDGE_SESSION_PAIR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/psk/psk.h"
#include "tlsbridge/session.h"

namespace tlsbridge {

// A PSK for tests: `fill` repeated 32 times, identity "id".
skex::Psk TestPsk(skex::PskForm form = skex::PskForm::kImported,
                  skex::PskHash hash = skex::PskHash::kSha256, char fill = 'k');

// Whether the TLS library has raw PSKs and policies of one exact cipher. The
// packaged one has, upstream's has not; tests that need them skip there.
bool HasSkexExtensions();

// A client and a server with the wire between them, for tests.
struct SessionPair {
  // Both sides with the same policy.
  explicit SessionPair(const Policy& policy = Policy());
  SessionPair(const Policy& client_policy, const Policy& server_policy);

  // Makes both sessions; the client offers `psk`.
  void Start(skex::Psk psk);

  // Moves all output of one side to the other, `piece` bytes at a time, and
  // returns how many bytes there were.
  size_t ClientToServer(size_t piece = SIZE_MAX);
  size_t ServerToClient(size_t piece = SIZE_MAX);

  // Moves bytes in both directions until there are none, and answers the
  // server's question with `answer` when it comes up.
  void Run(absl::StatusOr<skex::Psk> answer, size_t piece = SIZE_MAX);

  // Moves bytes in both directions until there are none.
  void Move(size_t piece = SIZE_MAX);

  bool established() const;

  std::shared_ptr<const Context> client_context;
  std::shared_ptr<const Context> server_context;
  std::unique_ptr<Session> client;
  std::unique_ptr<Session> server;
};

// Everything that `session` can read now. Aborts the test if it fails.
std::string ReadAll(Session& session);

// Writes text; aborts the test if that fails.
void WriteText(Session& session, absl::string_view text);

}  // namespace tlsbridge

#endif  // TLSBRIDGE_SESSION_PAIR_H_
