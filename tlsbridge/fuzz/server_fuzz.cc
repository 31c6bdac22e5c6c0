// Feeds bytes to a server: ClientHellos, and what could follow them. The first
// byte decides what the server's lookup says.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "skex/psk/psk.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"

namespace {

using tlsbridge::Session;
using tlsbridge::SessionState;

void Answer(Session& server, uint8_t choice) {
  skex::Psk psk = tlsbridge::TestPsk(choice % 2 == 0 ? skex::PskForm::kImported
                                                     : skex::PskForm::kRaw);
  if (choice % 4 >= 2) {
    server.AnswerPsk(absl::NotFoundError("no such key"));
    return;
  }
  // Also identities that the input made up.
  if (!server.offered_identities().empty()) {
    psk.identity = server.offered_identities().back();
  }
  server.AnswerPsk(std::move(psk));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const tlsbridge::Context> context =
      *tlsbridge::Context::Create(tlsbridge::Policy());
  if (size == 0) return 0;
  const absl::Span<const uint8_t> input(data + 1, size - 1);
  const std::unique_ptr<Session> server = Session::Server(context);
  const size_t first = input.size() / 2;
  server->Feed(input.first(first));
  if (server->state() == SessionState::kNeedsPsk) Answer(*server, data[0]);
  server->Feed(input.subspan(first));
  if (server->state() == SessionState::kNeedsPsk) Answer(*server, data[0]);
  // Without the key there is no established session.
  if (server->state() == SessionState::kEstablished) std::abort();
  std::vector<uint8_t> out(100);
  server->Read(absl::MakeSpan(out)).IgnoreError();
  server->ConsumeOutput(server->output().size());
  server->Abort();
  return 0;
}
