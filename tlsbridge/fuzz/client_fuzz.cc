// Feeds bytes to a client: ServerHello, HelloRetryRequest, alerts and what
// could follow them. The first byte decides what the client offers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "skex/psk/psk.h"
#include "tlsbridge/session.h"
#include "tlsbridge/session_pair.h"

namespace {

// In ClientHello and ServerHello alike: behind the headers of record and
// message, the version, the random and the length.
constexpr size_t kSessionIdAt = 5 + 4 + 2 + 32 + 1;
constexpr size_t kSessionIdSize = 32;

// A server must send the client's random session ID back, which no input can
// know. Puts it where a ServerHello has it.
std::vector<uint8_t> WithSessionId(absl::Span<const uint8_t> input,
                                   absl::Span<const uint8_t> client_hello) {
  std::vector<uint8_t> bytes(input.begin(), input.end());
  if (bytes.size() >= kSessionIdAt + kSessionIdSize &&
      bytes[kSessionIdAt - 1] == kSessionIdSize) {
    const auto id = client_hello.subspan(kSessionIdAt, kSessionIdSize);
    std::copy(id.begin(), id.end(), bytes.begin() + kSessionIdAt);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const tlsbridge::Context> context =
      *tlsbridge::Context::Create(tlsbridge::Policy());
  if (size == 0) return 0;
  std::unique_ptr<tlsbridge::Session> client = *tlsbridge::Session::Client(
      context, tlsbridge::TestPsk(data[0] % 2 == 0 ? skex::PskForm::kImported
                                                   : skex::PskForm::kRaw));
  const std::vector<uint8_t> input =
      WithSessionId(absl::MakeConstSpan(data + 1, size - 1), client->output());
  client->ConsumeOutput(client->output().size());
  const absl::Span<const uint8_t> bytes(input);
  client->Feed(bytes.first(bytes.size() / 2));
  client->Feed(bytes.subspan(bytes.size() / 2));
  if (client->state() == tlsbridge::SessionState::kEstablished) std::abort();
  std::vector<uint8_t> out(100);
  client->Read(absl::MakeSpan(out)).IgnoreError();
  client->CloseWrite();
  client->Abort();
  return 0;
}
