// Refuses clients, to count the instructions that it takes: whether a client
// has an unknown identity or a wrong key must not show.
//
// usage: handshake_refusal imported|raw unknown|wrong COUNT
// Run under callgrind, with two counts; the difference is what refusing takes.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "skex/psk/psk.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s imported|raw unknown|wrong COUNT\n",
                 argv[0]);
    return 2;
  }
  const skex::PskForm form = std::string(argv[1]) == "raw"
                                 ? skex::PskForm::kRaw
                                 : skex::PskForm::kImported;
  const bool unknown = std::string(argv[2]) == "unknown";
  tlsbridge::SessionPair pair;
  for (int left = std::atoi(argv[3]); left > 0; --left) {
    pair.Start(tlsbridge::TestPsk(form));
    pair.ClientToServer();
    if (unknown) {
      pair.server->AnswerPsk(absl::NotFoundError("no such key"));
    } else {
      pair.server->AnswerPsk(
          tlsbridge::TestPsk(form, skex::PskHash::kSha256, 'w'));
    }
    if (pair.server->state() != tlsbridge::SessionState::kFailed) return 1;
  }
  return 0;
}
